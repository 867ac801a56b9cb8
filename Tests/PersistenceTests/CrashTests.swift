import FoundationEssentials
import Glibc
import Primitives
import Testing

@testable import Persistence

/// A process that dies, and one that meets the end of the disk: played by this test program, started once more with one test
/// and the folder to work in.
@Suite struct CrashTests {
  private static let folderVariable = "CREDENTIALFLOW_TEST_CHILD"
  private static let childFolder = getenv(folderVariable).map { String(cString: $0) }
  private static let table = "CREATE TABLE item (id BIGINT PRIMARY KEY, data BYTEA NOT NULL)"

  @Test("kill -9 during 200 random writes loses no acknowledged one", arguments: 1...5)
  func kill(round: Int) async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/test.db"
    let database = try SQLiteDatabase(path: path, settings: try DatabaseSettings(testing: [:]))
    try await database.transaction { try $0.script(Self.table) }
    await database.close()
    let enough = Int.random(in: 1...190)
    let child = try Child(test: "childWritesUntilItDies", folder: folder)
    let isFarEnough = await eventually { acknowledged(in: folder).count >= enough }
    child.kill()
    #expect(isFarEnough)
    let promised = acknowledged(in: folder)
    let reopened = try SQLiteDatabase(path: path, settings: try DatabaseSettings(testing: [:]))
    try await TestDatabase.closing(reopened) { database in
      let rows = try await database.read { try $0.rows("SELECT id, data FROM item") }
      let kept = Set(try rows.map { try $0.integer("id") })
      #expect(promised.isSubset(of: kept), "lost \(promised.subtracting(kept)) in round \(round)")
      #expect(try rows.allSatisfy { try $0.bytes("data").count > 0 })
      let check = try await database.read { try $0.row("SELECT integrity_check AS result FROM pragma_integrity_check") }
      #expect(try check?.text("result") == "ok")
    }
  }

  @Test("(the process that is killed)", .enabled(if: childFolder != nil, "only inside the test above"))
  func childWritesUntilItDies() async throws {
    let folder = try #require(Self.childFolder)
    let database = try SQLiteDatabase(path: folder + "/test.db", settings: try DatabaseSettings(testing: [:]))
    let log = open(folder + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<8 {
        group.addTask {
          for number in 0..<25 {
            let id = Int64(lane * 1000 + number)
            let data = [UInt8](repeating: 1, count: Int.random(in: 1...20_000))
            try await database.transaction { try $0.run("INSERT INTO item (id, data) VALUES (\(id), \(data))") }
            let line = "\(id)\n"
            #expect(Glibc.write(log, line, line.utf8.count) == line.utf8.count)
          }
        }
      }
      try await group.waitForAll()
    }
    // Killed while idle, where the number to wait for was never passed in the middle.
    while true { pause() }
  }

  @Test("a commit that finds no room fails for everybody in it, and the database goes on")
  func failedCommit() async throws {
    let folder = try TemporaryFolder()
    let child = try Child(test: "childMeetsTheEndOfTheDisk", folder: folder)
    let status = await child.status()
    // Named here so that the folder lives as long as the child.
    #expect(status == 0, "in \(folder.path)")
  }

  @Test("(the process whose files may not grow)", .enabled(if: childFolder != nil, "only inside the test above"))
  func childMeetsTheEndOfTheDisk() async throws {
    let database = try SQLiteDatabase(path: try #require(Self.childFolder) + "/test.db", settings: try DatabaseSettings(testing: [:]))
    try await database.transaction { try $0.script(Self.table) }
    signal(SIGXFSZ, SIG_IGN)
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    let before = limit.rlim_cur
    limit.rlim_cur = 60_000
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    let (done, failed) = try await writeUntilFull(database)
    limit.rlim_cur = before
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    #expect(!failed.isEmpty)
    let kept = try await database.read { db in Set(try db.rows("SELECT id FROM item").map { row in try row.integer("id") }) }
    #expect(kept == done)
    try await database.transaction { try $0.run("INSERT INTO item (id, data) VALUES (\(-1), \([1]))") }
    exit(kept == done && !failed.isEmpty ? 0 : 1)
  }

  /// The numbers of writes that were acknowledged and of those that were refused.
  private func writeUntilFull(_ database: SQLiteDatabase) async throws -> (done: Set<Int64>, failed: Set<Int64>) {
    try await withThrowingTaskGroup(of: (Int64, Bool).self) { group in
      for id in Int64(0)..<100 {
        group.addTask {
          do {
            let data = [UInt8](repeating: 1, count: 2_000)
            try await database.transaction { try $0.run("INSERT INTO item (id, data) VALUES (\(id), \(data))") }
            return (id, true)
          } catch DatabaseError.unavailable { return (id, false) } catch DatabaseError.full { return (id, false) }
        }
      }
      var done: Set<Int64> = []
      var failed: Set<Int64> = []
      for try await (id, isDone) in group { if isDone { done.insert(id) } else { failed.insert(id) } }
      return (done, failed)
    }
  }

  private func acknowledged(in folder: TemporaryFolder) -> Set<Int64> {
    guard let text = try? String(contentsOf: URL(filePath: folder.path + "/acknowledged"), encoding: .utf8) else { return [] }
    return Set(text.split(separator: "\n", omittingEmptySubsequences: true).compactMap { Int64($0) })
  }

  /// This program again, with one test to run.
  private final class Child: Sendable {
    private let id: pid_t

    init(test: String, folder: TemporaryFolder) throws {
      let words = try Data(contentsOf: URL(filePath: "/proc/self/cmdline")).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      var arguments = [words[0]]
      // Not the filters of this run, which may leave the child's test out.
      var rest = words.dropFirst()
      while let word = rest.popFirst() {
        if word == "--filter" || word == "--skip" { rest = rest.dropFirst() } else { arguments.append(word) }
      }
      arguments += ["--filter", test]
      var environment = CrashTests.environment()
      environment.append("\(CrashTests.folderVariable)=\(folder.path)")
      var actions = posix_spawn_file_actions_t()
      posix_spawn_file_actions_init(&actions)
      posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
      posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
      defer { posix_spawn_file_actions_destroy(&actions) }
      let argv = arguments.map { strdup($0) } + [nil]
      let envp = environment.map { strdup($0) } + [nil]
      defer { for pointer in argv + envp { free(pointer) } }
      var child: pid_t = 0
      try #require(posix_spawn(&child, "/proc/self/exe", &actions, nil, argv, envp) == 0)
      id = child
    }

    func kill() {
      Glibc.kill(id, SIGKILL)
      waitpid(id, nil, 0)
    }

    /// How it ended; -1 where it did not end in time.
    func status() async -> Int32 {
      var status: Int32 = -1
      let hasEnded = await eventually { waitpid(id, &status, WNOHANG) == id }
      if !hasEnded { kill() }
      return hasEnded ? status : -1
    }
  }

  private static func environment() -> [String] {
    ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }
  }
}
