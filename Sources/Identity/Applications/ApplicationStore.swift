internal import Cryptography
internal import Persistence
internal import Primitives
internal import Tokens

/// The rows of `application` and its audiences.
struct ApplicationStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// False where the name is taken.
  func insert(_ application: Application, secretDigest: [UInt8]) throws(DatabaseError) -> Bool {
    let inserted = try db.row(
      """
      INSERT INTO application (id, name, secret_digest, is_enabled, algorithm, token_type, created_at, version)
      VALUES (\(application.id), \(application.name), \(secretDigest), \(application.isEnabled), \(application.algorithm.rawValue),
        \(application.tokenType.rawValue), \(application.createdAt), \(application.version))
      ON CONFLICT (name) DO NOTHING RETURNING id
      """)
    guard inserted != nil else { return false }
    try setAudiences(application.audiences, of: application.id)
    return true
  }

  func setAudiences(_ audiences: [String], of id: Application.ID) throws(DatabaseError) {
    try db.run("DELETE FROM application_audience WHERE application_id = \(id)")
    for audience in audiences {
      try db.run("INSERT INTO application_audience (application_id, audience) VALUES (\(id), \(audience))")
    }
  }

  func application(_ id: Application.ID) throws(DatabaseError) -> Application? {
    guard let row = try db.row("SELECT * FROM application WHERE id = \(id)") else { return nil }
    return try application(from: row)
  }

  func application(named name: String) throws(DatabaseError) -> Application? {
    guard let row = try db.row("SELECT * FROM application WHERE name = \(name)") else { return nil }
    return try application(from: row)
  }

  /// In the order of their names.
  func applications(after name: String, limit: Int) throws(DatabaseError) -> [Application] {
    var applications: [Application] = []
    for row in try db.rows("SELECT * FROM application WHERE name > \(name) ORDER BY name LIMIT \(limit)") {
      applications.append(try application(from: row))
    }
    return applications
  }

  /// SHA-256 of the client secret.
  func secretDigest(of id: Application.ID) throws(DatabaseError) -> [UInt8]? {
    try db.row("SELECT secret_digest FROM application WHERE id = \(id)")?.bytes("secret_digest")
  }

  func update(_ id: Application.ID, isEnabled: Bool, algorithm: SigningAlgorithm, tokenType: TokenType) throws(DatabaseError) {
    try db.run(
      """
      UPDATE application SET is_enabled = \(isEnabled), algorithm = \(algorithm.rawValue), token_type = \(tokenType.rawValue),
        version = version + 1
      WHERE id = \(id)
      """)
    db.announce(.application(id.bytes))
  }

  func delete(_ id: Application.ID, at instant: Instant) throws(DatabaseError) {
    try db.run("DELETE FROM application WHERE id = \(id)")
    db.announce(.application(id.bytes))
    try RevocationStore(db).append(.application(id), at: instant)
  }

  private func application(from row: Row) throws(DatabaseError) -> Application {
    let id: Application.ID = try row.identifier("id")
    guard let algorithm = SigningAlgorithm(rawValue: try row.text("algorithm")) else {
      throw .unexpectedValue(column: "algorithm")
    }
    guard let tokenType = TokenType(rawValue: try row.text("token_type")) else {
      throw .unexpectedValue(column: "token_type")
    }
    return Application(
      id: id, name: try row.text("name"), isEnabled: try row.boolean("is_enabled"), algorithm: algorithm, tokenType: tokenType,
      audiences: try audiences(of: id), createdAt: try row.instant("created_at"), version: try row.integer("version"))
  }

  private func audiences(of id: Application.ID) throws(DatabaseError) -> [String] {
    var audiences: [String] = []
    for row in try db.rows("SELECT audience FROM application_audience WHERE application_id = \(id) ORDER BY audience") {
      audiences.append(try row.text("audience"))
    }
    return audiences
  }
}
