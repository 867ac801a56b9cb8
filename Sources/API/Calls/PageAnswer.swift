internal import HTTP
internal import JSON
internal import Persistence
internal import Primitives

extension Response {
  /// `{"items": […], "next": …}`; `next` is absent at the end of the list.
  static func page<Item>(_ page: Page<Item>, _ write: (inout JSONWriter, Item) throws -> Void) rethrows -> Response {
    try .json(.ok) { json in
      try json.object { json in
        try json.member("items") { json in try json.array(page.items, write) }
        json.member("next", ifPresent: page.next)
      }
    }
  }
}

/// A position in a list by name: opaque, so that a name with `+` or `&` needs no escaping where it is given back.
enum NameCursor {
  static func text(_ name: String) -> String { Base64URL.encode(Array(name.utf8)) }

  static func name(_ text: String) -> String? {
    guard text.utf8.count <= 400, let bytes = Base64URL.decode(text) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}
