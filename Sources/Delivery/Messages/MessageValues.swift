internal import JSON
package import Primitives

/// The values of one message, each a line of plain text. They may hold a code: sealed where they are stored, never logged.
package struct MessageValues: Sendable {
  private var values: [Placeholder: PlainText] = [:]

  package init(_ values: KeyValuePairs<Placeholder, String> = [:]) {
    for (placeholder, value) in values { self[placeholder] = value }
  }

  /// Empty where there is none.
  package subscript(_ placeholder: Placeholder) -> String {
    get { values[placeholder]?.text ?? "" }
    set { values[placeholder] = PlainText(newValue, limit: 2_000) }
  }

  /// For storing, under seal.
  package var bytes: Secret {
    var json = JSONWriter()
    json.object { json in
      for placeholder in Placeholder.allCases { json.member(placeholder.rawValue, ifPresent: values[placeholder]?.text) }
    }
    return Secret(copying: json.bytes)
  }

  /// `nil` for what `bytes` did not write.
  package init?(_ stored: Secret) {
    guard let json = try? JSONValue(parsing: stored.withBytes { Array($0) }), let members = json.members else { return nil }
    for (name, value) in members {
      guard let placeholder = Placeholder(rawValue: name), let text = value.string else { return nil }
      self[placeholder] = text
    }
  }
}
