/// Which state of a thing a change was made for (`If-Match`; RFC 9110, section 13.1.1). Asked inside the transaction of the
/// change, so of two changes for one state only the first is made.
package enum VersionCondition: Sendable, Equatable {
  case any
  case among([Int64])

  func holds(for version: Int64) -> Bool {
    switch self {
    case .any: true
    case .among(let versions): versions.contains(version)
    }
  }
}

/// What a change of one thing came to.
package enum ChangeOutcome<Subject: Sendable>: Sendable {
  /// As it is now; also where nothing had to be changed.
  case done(Subject)
  case unknown
  /// It is in another state than the change was made for.
  case outdated
  /// Nobody would be left who may administer the server.
  case lastAdministrator
}
