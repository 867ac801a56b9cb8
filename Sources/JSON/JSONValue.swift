internal import CJansson
package import Primitives

/// A value of a parsed text. Cheap to copy; the text's memory lives as long as any value of it.
///
/// `@unchecked`: the node belongs to `document`, which is immutable.
package struct JSONValue: @unchecked Sendable {
  private let document: JSONDocument
  private let node: UnsafeMutablePointer<json_t>

  package enum Kind: String, Sendable {
    case object = "an object"
    case array = "an array"
    case string = "a string"
    case integer = "a whole number"
    case real = "a number"
    case boolean = "true or false"
    case null
  }

  /// Parses a whole text strictly: `JSONCursor` says what is refused.
  package init(parsing bytes: [UInt8]) throws(JSONError) {
    document = try JSONDocument(parsing: bytes)
    node = document.root
  }

  private init(_ document: JSONDocument, _ node: UnsafeMutablePointer<json_t>) {
    self.document = document
    self.node = node
  }

  package var kind: Kind {
    switch node.pointee.type {
    case JSON_OBJECT: .object
    case JSON_ARRAY: .array
    case JSON_STRING: .string
    case JSON_INTEGER: .integer
    case JSON_REAL: .real
    case JSON_TRUE, JSON_FALSE: .boolean
    default: .null
    }
  }

  /// `nil` where this is no string.
  package var string: String? { withText { String(decoding: $0, as: UTF8.self) } }

  /// The string's bytes, never a `String`; `nil` where this is no string.
  package var secret: Secret? { withText { Secret(copying: $0) } }

  package var integer: Int64? { kind == .integer ? json_integer_value(node) : nil }

  /// Whole numbers too.
  package var real: Double? { kind == .real || kind == .integer ? json_number_value(node) : nil }

  package var boolean: Bool? { kind == .boolean ? node.pointee.type == JSON_TRUE : nil }

  /// `nil` where this is no array.
  package var elements: [JSONValue]? {
    guard kind == .array else { return nil }
    return (0..<json_array_size(node)).compactMap { index in json_array_get(node, index).map { JSONValue(document, $0) } }
  }

  /// In the order of the text; `nil` where this is no object.
  package var members: [(name: String, value: JSONValue)]? {
    guard kind == .object else { return nil }
    var members: [(name: String, value: JSONValue)] = []
    var iterator = json_object_iter(node)
    while let current = iterator {
      if let name = json_object_iter_key(current), let value = json_object_iter_value(current) {
        members.append((String(cString: name), JSONValue(document, value)))
      }
      iterator = json_object_iter_next(node, current)
    }
    return members
  }

  /// The member `name` of an object; `nil` where there is none.
  package subscript(_ name: String) -> JSONValue? {
    json_object_get(node, name).map { JSONValue(document, $0) }
  }

  /// Compact JSON, members in order: what libjansson itself makes of the value.
  package var dump: [UInt8] {
    let flags = Int(JSON_COMPACT | JSON_ENCODE_ANY)
    let count = json_dumpb(node, nil, 0, flags)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
      written = buffer.withMemoryRebound(to: CChar.self) { json_dumpb(node, $0.baseAddress, count, flags) }
    }
  }

  private func withText<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
    guard kind == .string, let start = json_string_value(node) else { return nil }
    return body(UnsafeRawBufferPointer(start: start, count: json_string_length(node)))
  }
}
