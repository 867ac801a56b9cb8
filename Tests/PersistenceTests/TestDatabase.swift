import Glibc
import Primitives
import Testing

@testable import Persistence

/// The databases that every store test runs on, each new and empty.
enum TestDatabase: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case memory
  case file
  case postgreSQL

  /// PostgreSQL where a server is named (`Scripts/test-postgresql` does); `PostgreSQLTests` says so where none is.
  static var available: [TestDatabase] { serverURL == nil ? [.memory, .file] : allCases }

  static var serverURL: String? { getenv("CREDENTIALFLOW_TEST_POSTGRESQL").map { String(cString: $0) } }

  var testDescription: String { rawValue }

  /// Runs `body` on a database that is gone afterwards.
  func run<Result>(_ settings: [String: SettingsValue] = [:], _ body: (any Database) async throws -> Result) async throws -> Result {
    let settings = try DatabaseSettings(testing: settings)
    switch self {
    case .memory: return try await Self.closing(try SQLiteDatabase(inMemory: settings), body)
    case .file:
      let folder = try TemporaryFolder()
      return try await Self.closing(try SQLiteDatabase(path: folder.path + "/test.db", settings: settings), body)
    case .postgreSQL: return try await PostgreSQLSchema.run { try await Self.closing(try $0.database(settings), body) }
    }
  }

  static func closing<Opened: Database, Result>(_ database: Opened, _ body: (Opened) async throws -> Result) async throws -> Result {
    do {
      let result = try await body(database)
      await database.close()
      return result
    } catch {
      await database.close()
      throw error
    }
  }
}

/// A schema of its own on the test server.
struct PostgreSQLSchema: Sendable {
  let name: String
  let server: String

  /// As a connection string: everything without a schema's name goes to this one.
  var url: String { server + (server.contains("?") ? "&" : "?") + "options=-csearch_path%3D" + name }

  func database(_ settings: DatabaseSettings) throws -> PostgreSQLDatabase { try PostgreSQLDatabase(url: url, settings: settings) }

  static func run<Result>(_ body: (PostgreSQLSchema) async throws -> Result) async throws -> Result {
    let server = try #require(TestDatabase.serverURL)
    let name = "test_" + String(UInt64.random(in: 0 ... .max), radix: 36)
    let schema = PostgreSQLSchema(name: name, server: server)
    let keeper = try PostgreSQLDatabase(url: server, settings: try DatabaseSettings(testing: [:]))
    try await keeper.transaction { try $0.script("CREATE SCHEMA \(name)") }
    do {
      let result = try await body(schema)
      try await keeper.transaction { try $0.script("DROP SCHEMA \(name) CASCADE") }
      await keeper.close()
      return result
    } catch {
      await keeper.close()
      throw error
    }
  }
}

extension DatabaseSettings {
  init(testing members: [String: SettingsValue]) throws(SettingsError) {
    let defaults: [String: SettingsValue] = ["connections": .integer(4)]
    try self.init(
      from: SettingsReader(members.merging(defaults) { given, _ in given }) { path throws(SettingsError) in
        throw SettingsError(path: path, detail: "no files in tests")
      })
  }
}

/// A folder of a test's own, gone with the value.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/credentialflow-store-XXXXXX".utf8CString)
    path = String(cString: try #require(mkdtemp(&template)))
  }

  deinit {
    for name in ["test.db", "test.db-wal", "test.db-shm", "acknowledged"] { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  func mode(of name: String) -> mode_t? {
    var status = stat()
    return stat("\(path)/\(name)", &status) == 0 ? status.st_mode & 0o777 : nil
  }
}

/// Waits for what only another thread can make true.
func eventually(_ condition: () -> Bool) async -> Bool {
  let deadline = ContinuousClock.now + .seconds(20)
  while !condition() {
    guard ContinuousClock.now < deadline else { return false }
    await Task.yield()
  }
  return true
}

/// Checks how many rows a table of a test, `item` or `part`, has.
func expectCount(
  _ expected: Int, of table: String = "item", _ database: any Database, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  let rows = try await database.read { try $0.rows(table == "part" ? "SELECT id FROM part" : "SELECT id FROM item") }
  #expect(rows.count == expected, sourceLocation: sourceLocation)
}
