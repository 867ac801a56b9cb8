package import Cryptography
package import Journal
package import Persistence
package import Primitives
package import Tokens

/// Making applications and their keys.
package struct Applications: Sendable {
  let database: any Database
  let now: Now
  private let defaultAlgorithm: SigningAlgorithm

  package init(database: any Database, defaultAlgorithm: SigningAlgorithm, now: Now) {
    self.database = database
    self.defaultAlgorithm = defaultAlgorithm
    self.now = now
  }

  /// A new application with its secrets, which are shown once and stored as digests.
  package struct Enrolment: Sendable {
    package let application: Application
    package let clientSecret: String
    package let apiKey: IssuedKey
  }

  package struct IssuedKey: Sendable {
    package let id: APIKey.ID
    package let text: String
  }

  package enum AddOutcome: Sendable {
    case added(Enrolment)
    case nameTaken
    case invalidName
    case invalidAudience(String)
  }

  package func add(_ name: String, audiences: [String], by provenance: Provenance) async throws -> AddOutcome {
    guard Application.isName(name) else { return .invalidName }
    if let wrong = audiences.first(where: { !Application.isAudience($0) }) { return .invalidAudience(wrong) }
    let at = now()
    let application = Application(
      id: Application.ID(at: at), name: name, isEnabled: true, algorithm: defaultAlgorithm, tokenType: .accessToken,
      audiences: Array(Set(audiences)).sorted(), createdAt: at, version: 1)
    let keyID = APIKey.ID(at: at)
    let secret = OpaqueCredential(.clientSecret, for: application.id)
    let key = OpaqueCredential(.apiKey, for: keyID)
    let isAdded = try await database.transaction { db in
      guard try ApplicationStore(db).insert(application, secretDigest: secret.digest) else { return false }
      try APIKeyStore(db).insert(
        APIKey(id: keyID, application: application.id, createdAt: at, expiresAt: nil, revokedAt: nil), digest: key.digest)
      try AuditLog(db).append(.application("created", application.id, ["name": name]), by: provenance, at: at)
      try AuditLog(db).append(.apiKey("created", keyID, of: application.id), by: provenance, at: at)
      return true
    }
    guard isAdded else { return .nameTaken }
    return .added(
      Enrolment(application: application, clientSecret: secret.text, apiKey: IssuedKey(id: keyID, text: key.text)))
  }

  package func list() async throws -> [Application] {
    var all: [Application] = []
    while true {
      let last = all.last?.name ?? ""
      let page = try await database.read { try ApplicationStore($0).applications(after: last, limit: 500) }
      all += page
      if page.count < 500 { return all }
    }
  }

  package func application(named name: String) async throws -> Application? {
    try await database.read { try ApplicationStore($0).application(named: name) }
  }

  /// What `app set` changes; `nil` leaves a setting as it is.
  package struct Change: Sendable {
    package var isEnabled: Bool?
    package var algorithm: SigningAlgorithm?
    package var tokenType: TokenType?
    /// All of them; each fit for one (`Application.isAudience`).
    package var audiences: [String]?

    package init(
      isEnabled: Bool? = nil, algorithm: SigningAlgorithm? = nil, tokenType: TokenType? = nil, audiences: [String]? = nil
    ) {
      self.audiences = audiences
      self.isEnabled = isEnabled
      self.algorithm = algorithm
      self.tokenType = tokenType
    }
  }

  /// False where there is no such application.
  package func change(_ name: String, _ change: Change, by provenance: Provenance) async throws -> Bool {
    let at = now()
    return try await database.transaction { db in
      guard let old = try ApplicationStore(db).application(named: name) else { return false }
      try apply(change, to: old, db, by: provenance, at: at)
      return true
    }
  }

  /// Writes what differs, and the entry that says from what to what.
  func apply(
    _ change: Change, to old: Application, _ db: any Transaction, by provenance: Provenance, at instant: Instant
  ) throws {
    let isEnabled = change.isEnabled ?? old.isEnabled
    let algorithm = change.algorithm ?? old.algorithm
    let tokenType = change.tokenType ?? old.tokenType
    let audiences = change.audiences.map { Array(Set($0)).sorted() } ?? old.audiences
    let event = AuditEvent(
      "application.changed", subject: "application:\(old.id)", named: ["name": old.name],
      changes: [
        ("enabled", String(old.isEnabled), String(isEnabled)), ("algorithm", old.algorithm.rawValue, algorithm.rawValue),
        ("type", old.tokenType.rawValue, tokenType.rawValue),
        ("audiences", old.audiences.joined(separator: " "), audiences.joined(separator: " ")),
      ])
    guard let event else { return }
    try ApplicationStore(db).update(old.id, isEnabled: isEnabled, algorithm: algorithm, tokenType: tokenType)
    if audiences != old.audiences { try ApplicationStore(db).setAudiences(audiences, of: old.id) }
    if old.isEnabled, !isEnabled { try RevocationStore(db).append(.application(old.id), at: instant) }
    try AuditLog(db).append(event, by: provenance, at: instant)
  }

  /// False where there is no such application.
  package func delete(_ name: String, by provenance: Provenance) async throws -> Bool {
    let at = now()
    return try await database.transaction { db in
      guard let application = try ApplicationStore(db).application(named: name) else { return false }
      try delete(application, db, by: provenance, at: at)
      return true
    }
  }

  func delete(_ application: Application, _ db: any Transaction, by provenance: Provenance, at instant: Instant) throws {
    try ApplicationStore(db).delete(application.id, at: instant)
    try AuditLog(db).append(.application("deleted", application.id, ["name": application.name]), by: provenance, at: instant)
  }
}

extension AuditEvent {
  fileprivate static func application(
    _ verb: String, _ id: Application.ID, _ detail: KeyValuePairs<String, String> = [:]
  ) -> AuditEvent {
    AuditEvent("application.\(verb)", subject: "application:\(id)", detail)
  }

  static func apiKey(_ verb: String, _ id: APIKey.ID, of application: Application.ID) -> AuditEvent {
    AuditEvent("api_key.\(verb)", subject: "api_key:\(id)", ["application": "\(application)"])
  }
}
