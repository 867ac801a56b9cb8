import Cryptography
import Glibc
import Identity
import Journal
import Persistence
import Primitives
import Telemetry

@testable import CredentialFlow

/// A whole server of a test's own: data folder, clock, listeners on free ports, and a connection to each.
final class World {
  static let start = Instant(unixSeconds: 1_800_000_015)
  static let issuer = "https://auth.example.com"
  static let admin = Provenance(actor: .commandLine(user: "test"))

  let clock: ManualClock
  let application: CredentialFlow.Application
  let server: RunningServer
  let log: LogRecorder
  let installation: Installation
  let port: UInt16
  let operationsPort: UInt16
  private let folder: TemporaryFolder
  private var connections: [UInt16: Connection] = [:]

  private init(
    _ folder: TemporaryFolder, _ installation: Installation, _ application: CredentialFlow.Application, _ clock: ManualClock,
    _ log: LogRecorder
  ) throws {
    self.folder = folder
    self.installation = installation
    self.application = application
    self.clock = clock
    self.log = log
    server = try application.server()
    let ports = try server.start(listen: nil).map { UInt16($0.split(separator: ":").last ?? "") ?? 0 }
    (port, operationsPort) = (ports[0], ports[1])
  }

  /// Runs `body` against a fresh server. `settings` are dotted keys of the configuration with JSON values.
  static func run(_ settings: [String: String] = [:], _ body: (World) async throws -> Void) async throws {
    let folder = try TemporaryFolder()
    try await Template.copy(to: folder)
    try await run(in: folder, clock: ManualClock(at: start), settings, body)
  }

  /// Runs `body` against a server on a data folder that may have seen others before.
  static func run(
    in folder: TemporaryFolder, clock: ManualClock, _ settings: [String: String] = [:], _ body: (World) async throws -> Void
  ) async throws {
    let log = LogRecorder()
    let installation = Installation(folder: DataFolder(path: folder.path), environment: environment(settings))
    let application = try await CredentialFlow.Application.open(
      installation, configuration: try installation.load().configuration, log: log.log(), now: clock.now)
    let world = try World(folder, installation, application, clock, log)
    do {
      try await body(world)
    } catch {
      await world.close()
      throw error
    }
    await world.close()
  }

  func close() async {
    connections = [:]
    await server.drain(within: .seconds(1))
    await application.close()
  }

  var path: String { folder.path }

  /// The environment's name of a dotted key.
  static func environment(_ settings: [String: String]) -> [String: String] {
    var environment: [String: String] = [:]
    for (key, value) in settings {
      let name = key.map { $0 == "." ? "__" : $0.isUppercase ? "_\($0)" : $0.uppercased() }.joined()
      environment["CREDENTIALFLOW_\(name)"] = value
    }
    return environment
  }

  static let configuration = """
    {issuer: "\(issuer)", listen: "127.0.0.1:0", operations: {listen: "127.0.0.1:0"}, pace: {enabled: false},
     hashing: {memoryKiB: 64, iterations: 1, lanes: 2}, passwords: {composition: "none", minimumScore: 0, history: 0}, limits: {loops: 1, idleTimeout: 600}}
    """

  /// One call on a connection that is kept.
  func call(_ method: String, _ path: String, _ headers: [(String, String)] = [], _ body: [UInt8]? = nil, port: UInt16? = nil) throws
    -> Answer
  {
    let port = port ?? self.port
    let connection = try connections[port] ?? Connection(port: port)
    connections[port] = connection
    connection.send(Call.bytes(method, path, headers, body))
    let answer = try connection.answer(isHead: method == "HEAD")
    if answer["Connection"] == "close" { connections[port] = nil }
    return answer
  }
}

/// A data folder with database and keys, made once in a run of tests: keys take longer than everything else.
enum Template {
  private struct Files: Sendable {
    let database: [UInt8]
    let masterKey: [UInt8]
  }

  private static let files = Task<Files, any Error> {
    let folder = try TemporaryFolder()
    try folder.write("credentialflow.json5", World.configuration)
    let installation = Installation(folder: DataFolder(path: folder.path), environment: [:])
    _ = try MasterKeyFile(installation).make()
    let application = try await CredentialFlow.Application.open(
      installation, configuration: try installation.load().configuration, now: .fixed(at: World.start))
    await application.close()
    return Files(
      database: try FileBytes.read(installation.folder.databasePath, limit: 1 << 26),
      masterKey: try FileBytes.read(installation.folder.masterKeyPath, limit: 1_000))
  }

  static func copy(to folder: TemporaryFolder) async throws {
    let files = try await files.value
    try folder.write("credentialflow.json5", World.configuration)
    _ = try FileBytes.create("\(folder.path)/credentialflow.db", files.database, mode: 0o600)
    _ = try FileBytes.create("\(folder.path)/master.key", files.masterKey, mode: 0o600)
  }
}

/// A folder of a test's own, in memory where the system offers that, gone with the value.
final class TemporaryFolder: Sendable {
  let path: String
  private let isOwned: Bool

  /// Another's, which stays.
  init(borrowing path: String) {
    self.path = path
    isOwned = false
  }

  init() throws {
    isOwned = true
    let place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
    var template = Array("\(place)/credentialflow-flow-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Refusal("no temporary folder: \(SystemError.text(errno))") }
    path = String(cString: made)
  }

  deinit {
    guard isOwned else { return }
    if let folder = opendir(path) {
      while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        unlink("\(path)/\(name)")
      }
      closedir(folder)
    }
    rmdir(path)
  }

  func write(_ name: String, _ text: String) throws {
    unlink("\(path)/\(name)")
    guard try FileBytes.create("\(path)/\(name)", Array(text.utf8), mode: 0o600) else { throw Refusal("\(name) is there") }
  }
}
