internal import Persistence
internal import Primitives

/// The rows of `account`.
struct AccountStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// False where the username is taken.
  func insert(_ account: Account) throws(DatabaseError) -> Bool {
    let password = account.password
    let inserted = try db.row(
      """
      INSERT INTO account (id, username, email, phone, is_enabled, password_hash, password_pepper, password_work,
        password_changed_at, created_at, version)
      VALUES (\(account.id), \(account.username.text), \(account.email), \(account.phone), \(account.isEnabled), \(password?.hash),
        \(password?.pepperGeneration ?? 0), \(password?.work ?? 0), \(password?.changedAt ?? account.createdAt),
        \(account.createdAt), \(account.version))
      ON CONFLICT (username) DO NOTHING RETURNING id
      """)
    return inserted != nil
  }

  func account(named username: Username) throws(DatabaseError) -> Account? {
    guard let row = try db.row("SELECT * FROM account WHERE username = \(username.text)") else { return nil }
    return try account(from: row)
  }

  func account(_ id: Account.ID) throws(DatabaseError) -> Account? {
    guard let row = try db.row("SELECT * FROM account WHERE id = \(id)") else { return nil }
    return try account(from: row)
  }

  /// In the order of their names.
  func accounts(after username: String, limit: Int) throws(DatabaseError) -> [Account] {
    var accounts: [Account] = []
    for row in try db.rows("SELECT * FROM account WHERE username > \(username) ORDER BY username LIMIT \(limit)") {
      accounts.append(try account(from: row))
    }
    return accounts
  }

  func setEnabled(_ isEnabled: Bool, _ id: Account.ID) throws(DatabaseError) {
    try db.run("UPDATE account SET is_enabled = \(isEnabled), version = version + 1 WHERE id = \(id)")
    db.announce(.account(id.bytes))
  }

  func update(_ id: Account.ID, isEnabled: Bool, email: String?, phone: String?) throws(DatabaseError) {
    try db.run(
      "UPDATE account SET is_enabled = \(isEnabled), email = \(email), phone = \(phone), version = version + 1 WHERE id = \(id)")
    db.announce(.account(id.bytes))
  }

  func setPassword(_ password: StoredPassword, _ id: Account.ID) throws(DatabaseError) {
    try db.run(
      """
      UPDATE account SET password_hash = \(password.hash), password_pepper = \(password.pepperGeneration),
        password_work = \(password.work), password_changed_at = \(password.changedAt), version = version + 1
      WHERE id = \(id)
      """)
    db.announce(.account(id.bytes))
  }

  /// False where there is one already.
  func setFirstPassword(_ password: StoredPassword, _ id: Account.ID) throws(DatabaseError) -> Bool {
    guard try db.row("SELECT id FROM account WHERE id = \(id) AND password_hash IS NULL") != nil else { return false }
    try setPassword(password, id)
    return true
  }

  /// The same password under another hash or a newer pepper. False where the password has changed meanwhile.
  func rehash(_ password: StoredPassword, replacing old: StoredPassword, _ id: Account.ID) throws(DatabaseError) -> Bool {
    try db.row(
      """
      UPDATE account SET password_hash = \(password.hash), password_pepper = \(password.pepperGeneration),
        password_work = \(password.work)
      WHERE id = \(id) AND password_hash = \(old.hash) RETURNING id
      """) != nil
  }

  func setLanguage(_ language: String?, _ id: Account.ID) throws(DatabaseError) {
    try db.run("UPDATE account SET language = \(language), version = version + 1 WHERE id = \(id)")
  }

  func delete(_ id: Account.ID) throws(DatabaseError) {
    try db.run("DELETE FROM account WHERE id = \(id)")
    db.announce(.account(id.bytes))
  }

  /// The costliest hash in the store, 0 where there is none.
  func greatestPasswordWork() throws(DatabaseError) -> Int {
    Int(try db.row("SELECT password_work FROM account ORDER BY password_work DESC LIMIT 1")?.integer("password_work") ?? 0)
  }

  private func account(from row: Row) throws(DatabaseError) -> Account {
    Account(
      id: try row.identifier("id"), username: Username(stored: try row.text("username")), email: try row.textIfPresent("email"),
      phone: try row.textIfPresent("phone"), isEnabled: try row.boolean("is_enabled"), password: try password(from: row),
      createdAt: try row.instant("created_at"), version: try row.integer("version"), language: try row.textIfPresent("language"))
  }

  private func password(from row: Row) throws(DatabaseError) -> StoredPassword? {
    guard let hash = try row.textIfPresent("password_hash") else { return nil }
    return StoredPassword(
      hash: hash, pepperGeneration: Int(try row.integer("password_pepper")), work: Int(try row.integer("password_work")),
      changedAt: try row.instant("password_changed_at"))
  }
}
