internal import HTTP
internal import Identity

/// `ETag` and `If-Match` of things that have a version (RFC 9110, sections 8.8.3 and 13.1.1).
enum Precondition {
  static func etag(_ version: Int64) -> (name: String, value: String) { ("ETag", "\"\(version)\"") }

  /// For a change that must say what it was made for.
  static func required(_ request: Request) throws -> VersionCondition {
    guard request.headers.contains("if-match") else {
      throw Problem(
        .preconditionFailed,
        "Send If-Match with the ETag of what you read and want to change, so that nobody's change in between is lost; * takes any state.")
    }
    return optional(request)
  }

  /// For a change that may say so.
  static func optional(_ request: Request) -> VersionCondition {
    guard request.headers.contains("if-match") else { return .any }
    let tags = request.headers.values(of: "if-match").joined(separator: ",").split(separator: ",").map { tag in
      tag.filter { $0 != " " && $0 != "\t" }
    }
    if tags == ["*"] { return .any }
    // The strong comparison: a weak tag, and anything that is not a version, matches nothing.
    return .among(
      tags.compactMap { tag in
        guard tag.utf8.count > 2, tag.hasPrefix("\""), tag.hasSuffix("\"") else { return nil }
        return Int64(tag.dropFirst().dropLast())
      })
  }

  static let outdated = Problem(
    .preconditionFailed,
    "It was changed since you read it: If-Match names another state, or no ETag with its quotation marks. Read it again and decide anew.")
}

extension ChangeOutcome {
  /// The thing as it is after the change; anything else is a problem. `noun` is `user`, for one.
  func subject(_ noun: String) throws -> Subject {
    switch self {
    case .done(let subject): return subject
    case .unknown: throw Problem.unknown(noun)
    case .outdated: throw Precondition.outdated
    case .lastAdministrator: throw Problem.lastAdministrator
    }
  }
}

extension Problem {
  static let lastAdministrator = Problem(
    .conflict, "Nobody would be left who may administer this server; make another enabled user an administrator first.")

  static func unknown(_ noun: String) -> Problem { Problem(.notFound, "There is no \(noun) of this identifier.") }

  /// What `pointer` names is taken, or stands against what is there.
  static func conflict(_ pointer: String, _ detail: String) -> Problem {
    Problem(.conflict, "The member \(pointer) cannot be so: \(detail).", errors: [(pointer: pointer, detail: detail)])
  }
}
