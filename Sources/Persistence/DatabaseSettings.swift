package import Primitives

/// The configuration's `database`, and the only place that knows which database is in use.
package struct DatabaseSettings: Settings {
  /// Empty: SQLite in the data folder. Otherwise `postgresql://user@host/name?sslmode=verify-full`, without password.
  package let url: String
  /// PostgreSQL's.
  package let password: Secret?
  /// Connections to PostgreSQL.
  package let connections: Int
  package let connectTimeout: Duration
  /// How long to wait for a lock that another process holds.
  package let busyTimeout: Duration
  /// Writes that may wait (on PostgreSQL reads too); past it they are refused.
  package let queue: Int

  package init(from reader: SettingsReader) throws(SettingsError) {
    url = try reader.string("url", default: "")
    password = try reader.secret("password")
    connections = try reader.integer("connections", default: 8, in: 1...256)
    connectTimeout = try reader.duration("connectTimeout", default: .seconds(5), in: .seconds(1) ... .seconds(60))
    busyTimeout = try reader.duration("busyTimeout", default: .seconds(5), in: .zero ... .seconds(60))
    queue = try reader.integer("queue", default: 4_096, in: 16...1_048_576)
    guard url.isEmpty || url.hasPrefix("postgresql://") || url.hasPrefix("postgres://") else {
      throw reader.wrong("url", "expected nothing for SQLite in the data folder, or postgresql://user@host/database")
    }
    guard !Self.holdsPassword(url) else {
      throw reader.wrong("url", "a connection string is printed and logged; put the password in database.password or passwordFile")
    }
  }

  /// Whether the database is a file in the data folder.
  package var isFile: Bool { url.isEmpty }

  /// Opens the database that `url` names, or the file at `path`.
  package func open(file path: String) throws(DatabaseError) -> any Database {
    if isFile { return try SQLiteDatabase(path: path, settings: self) }
    return try PostgreSQLDatabase(url: url, settings: self)
  }

  /// `scheme://user:password@…`, or a parameter of that name.
  private static func holdsPassword(_ url: String) -> Bool {
    let authority = url.drop { $0 != "/" }.drop { $0 == "/" }.prefix { $0 != "/" && $0 != "?" }
    let user = authority.lastIndex(of: "@").map { authority[..<$0] }
    let parameters = url.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
    return user?.contains(":") == true
      || parameters.split(separator: "&").contains { $0.hasPrefix("password=") || $0.hasPrefix("sslpassword=") }
  }
}
