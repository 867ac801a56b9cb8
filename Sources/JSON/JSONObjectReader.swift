package import Primitives

/// Reads one object of a request body. It remembers which members were asked for, so that any other one is an error that names
/// the nearest known one.
///
///     let body = try JSONObjectReader(bytes)
///     let username = try body.string("username")
///     let password = try body.secret("password")
///     let code = try body.objectIfPresent("mfa")?.string("code")
///     try body.finish()
///
/// A member that is present must have the type that is asked for; `null` is not "absent". Used by one task: a class, because a
/// nested reader is finished with its parent.
package final class JSONObjectReader {
  private let pointer: JSONPointer
  private let value: JSONValue
  private var known: [String] = []
  private var nested: [JSONObjectReader] = []

  /// Parses a whole text, whose root must be an object.
  package convenience init(_ bytes: [UInt8]) throws(JSONError) {
    try self.init(try JSONValue(parsing: bytes), at: JSONPointer())
  }

  private init(_ value: JSONValue, at pointer: JSONPointer) throws(JSONError) {
    guard value.kind == .object else {
      throw JSONError(pointer: pointer.text, detail: "expected an object, found \(value.kind.rawValue)")
    }
    self.pointer = pointer
    self.value = value
  }

  /// Refuses members that nobody asked for, in nested objects too. Called once, after the last read.
  package func finish() throws(JSONError) {
    for (name, _) in value.members ?? [] where !known.contains(name) {
      let hint =
        Spelling.nearest(to: name, among: known).map { "did you mean '\($0)'?" }
        ?? (known.isEmpty ? "none is known here" : "known here: \(known.sorted().joined(separator: ", "))")
      throw wrong(name, "unknown member; \(hint)")
    }
    for reader in nested { try reader.finish() }
  }

  package func has(_ name: String) -> Bool { value[name] != nil }

  /// Whether the member is there and `null`, which a merge patch (RFC 7396) takes for "remove".
  package func isNull(_ name: String) -> Bool {
    ask(name)
    return value[name]?.kind == .null
  }

  package func string(_ name: String) throws(JSONError) -> String { try required(name, stringIfPresent(name)) }
  package func secret(_ name: String) throws(JSONError) -> Secret { try required(name, secretIfPresent(name)) }
  package func integer(_ name: String) throws(JSONError) -> Int64 { try required(name, integerIfPresent(name)) }
  package func boolean(_ name: String) throws(JSONError) -> Bool { try required(name, booleanIfPresent(name)) }
  package func strings(_ name: String) throws(JSONError) -> [String] { try required(name, stringsIfPresent(name)) }
  package func object(_ name: String) throws(JSONError) -> JSONObjectReader { try required(name, objectIfPresent(name)) }

  package func stringIfPresent(_ name: String) throws(JSONError) -> String? { try member(name, "a string") { $0.string } }

  /// Straight from the parser's memory into a `Secret`.
  package func secretIfPresent(_ name: String) throws(JSONError) -> Secret? { try member(name, "a string") { $0.secret } }

  package func integerIfPresent(_ name: String) throws(JSONError) -> Int64? { try member(name, "a whole number") { $0.integer } }

  package func realIfPresent(_ name: String) throws(JSONError) -> Double? { try member(name, "a number") { $0.real } }

  package func booleanIfPresent(_ name: String) throws(JSONError) -> Bool? { try member(name, "true or false") { $0.boolean } }

  package func stringsIfPresent(_ name: String) throws(JSONError) -> [String]? {
    guard let elements = try member(name, "an array of strings", { $0.elements }) else { return nil }
    var texts: [String] = []
    for (index, element) in elements.enumerated() {
      guard let text = element.string else {
        let place = pointer.appending(name).appending(String(index))
        throw JSONError(pointer: place.text, detail: "expected a string, found \(element.kind.rawValue)")
      }
      texts.append(text)
    }
    return texts
  }

  package func objectIfPresent(_ name: String) throws(JSONError) -> JSONObjectReader? {
    guard let found = try member(name, "an object", { $0.kind == .object ? $0 : nil }) else { return nil }
    let reader = try JSONObjectReader(found, at: pointer.appending(name))
    nested.append(reader)
    return reader
  }

  /// An array of objects, each with a reader of its own.
  package func objectsIfPresent(_ name: String) throws(JSONError) -> [JSONObjectReader]? {
    guard let elements = try member(name, "an array of objects", { $0.elements }) else { return nil }
    var readers: [JSONObjectReader] = []
    for (index, element) in elements.enumerated() {
      readers.append(try JSONObjectReader(element, at: pointer.appending(name).appending(String(index))))
    }
    nested += readers
    return readers
  }

  /// A value of any kind, for members whose shape another module knows.
  package func valueIfPresent(_ name: String) -> JSONValue? {
    ask(name)
    return value[name]
  }

  /// The error for the member `name`, for rules that only the caller knows.
  package func wrong(_ name: String, _ detail: String) -> JSONError {
    JSONError(pointer: pointer.appending(name).text, detail: detail)
  }

  private func ask(_ name: String) { if !known.contains(name) { known.append(name) } }

  private func member<Result>(
    _ name: String, _ expected: String, _ convert: (JSONValue) -> Result?
  ) throws(JSONError) -> Result? {
    ask(name)
    guard let found = value[name] else { return nil }
    guard let result = convert(found) else { throw wrong(name, "expected \(expected), found \(found.kind.rawValue)") }
    return result
  }

  private func required<Result>(_ name: String, _ found: Result?) throws(JSONError) -> Result {
    if let found { return found }
    let others = (value.members ?? []).map(\.name).filter { !known.contains($0) }
    let hint = Spelling.nearest(to: name, among: others).map { "; did you write it as '\($0)'?" } ?? ""
    throw wrong(name, "this member is required" + hint)
  }
}
