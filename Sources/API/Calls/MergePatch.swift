internal import Identity
internal import JSON

/// The body of a `PATCH` (RFC 7396): a member that is absent stays as it is, `null` removes it.
struct MergePatch {
  private let body: JSONObjectReader

  /// `immutable` names what the thing has and nobody can change.
  init(_ bytes: [UInt8], immutable: [String]) throws {
    body = try JSONObjectReader(bytes)
    for name in immutable where body.has(name) { throw body.wrong(name, "this member cannot be changed") }
  }

  /// A member that cannot be removed.
  func boolean(_ name: String) throws -> Bool? {
    try refuseNull(name)
    return try body.booleanIfPresent(name)
  }

  func string(_ name: String) throws -> String? {
    try refuseNull(name)
    return try body.stringIfPresent(name)
  }

  func strings(_ name: String) throws -> [String]? {
    try refuseNull(name)
    return try body.stringsIfPresent(name)
  }

  /// A member that may be absent; `isRight` judges a new value.
  func edit(_ name: String, expected: String, _ isRight: (String) -> Bool) throws -> Edit<String> {
    if body.isNull(name) { return .remove }
    guard let text = try body.stringIfPresent(name) else { return .keep }
    guard isRight(text) else { throw body.wrong(name, "expected \(expected)") }
    return .set(text)
  }

  func wrong(_ name: String, _ detail: String) -> JSONError { body.wrong(name, detail) }

  func finish() throws { try body.finish() }

  private func refuseNull(_ name: String) throws {
    if body.isNull(name) { throw body.wrong(name, "this member cannot be removed") }
  }
}
