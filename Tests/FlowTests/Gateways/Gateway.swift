import FoundationEssentials
import Glibc
import Testing

/// A program of Debian's for which there is a file in Config/gateways.
enum GatewayProgram: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case nginx, caddy, haproxy

  var testDescription: String { rawValue }

  static let configurations = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Config/gateways").path

  private static let names: [Self: String] = [.nginx: "nginx.conf", .caddy: "Caddyfile", .haproxy: "haproxy.cfg"]

  /// The file that users take.
  var configuration: String { "\(Self.configurations)/\(rawValue)/\(Self.names[self] ?? "")" }

  /// `nil` where it is not installed.
  var executable: String? {
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"].map { "\($0)/\(rawValue)" }.first { access($0, X_OK) == 0 }
  }

  static let installed = allCases.filter { $0.executable != nil }
  static let absent = allCases.filter { $0.executable == nil }
  static var absence: Comment {
    "not installed, so its tests do not run: \(absent.map(\.rawValue).joined(separator: ", ")); Scripts/install-dependencies test"
  }

  /// The file with other ports and paths, and nothing else changed.
  func configuration(in folder: String, listen: UInt16, daemon: UInt16, service: UInt16) throws -> String {
    var text = String(decoding: try Data(contentsOf: URL(filePath: configuration)), as: UTF8.self)
    var changes = [("127.0.0.1:8080", "127.0.0.1:\(daemon)"), ("127.0.0.1:9000", "127.0.0.1:\(service)"), (":8000", ":\(listen)")]
    switch self {
    case .nginx:
      let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder)/\($0);" }
      changes += [
        ("/run/nginx.pid", "\(folder)/pid"), ("/var/log/nginx", folder), ("\nhttp {", "\nhttp { \(places.joined(separator: " "))"),
      ]
    case .caddy: changes.append(("localhost:2019", "localhost:\(FreePort.find() ?? 0)"))
    case .haproxy:
      changes.append(("/etc/haproxy/", "\(Self.configurations)/haproxy/"))
      // Only root can become another user.
      if geteuid() != 0 { changes.append(("  user haproxy\n  group haproxy\n", "")) }
    }
    for (old, new) in changes {
      guard text.contains(old) else { throw World.Unexpected(what: "\(configuration) has no \(old)") }
      text = text.replacing(old, with: new)
    }
    return text
  }

  func arguments(_ file: String, in folder: String) -> [String] {
    switch self {
    case .nginx: ["-c", file, "-p", folder, "-e", "\(folder)/error.log", "-g", "daemon off;"]
    case .caddy: ["run", "--config", file, "--adapter", "caddyfile"]
    case .haproxy: ["-db", "-f", file]
    }
  }
}

/// A real gateway with the file of Config/gateways, in a process group of its own.
final class Gateway {
  let port: UInt16
  private let folder: TemporaryFolder
  private let id: pid_t
  private var hasEnded = false

  /// With the file that users take. Returns when it accepts connections.
  convenience init(_ program: GatewayProgram, daemon: UInt16, service: UInt16) async throws {
    try await self.init(program) { folder, port in
      try program.configuration(in: folder, listen: port, daemon: daemon, service: service)
    }
  }

  /// With a test's own file, made from its folder and the port where it is to listen.
  init(_ program: GatewayProgram, _ configuration: (_ folder: String, _ port: UInt16) throws -> String) async throws {
    guard let executable = program.executable, let port = FreePort.find() else { throw World.Unexpected(what: "no \(program.rawValue)") }
    self.port = port
    folder = try TemporaryFolder()
    try folder.write("configuration", try configuration(folder.path, port))
    id = try Self.start([executable] + program.arguments("\(folder.path)/configuration", in: folder.path), in: folder.path)
    let isListening = await ChildProcess.eventually { [id] in
      waitpid(id, nil, WNOHANG) != 0 || (try? Connection(port: port)) != nil
    }
    guard isListening, kill(id, 0) == 0 else {
      let log = (try? Data(contentsOf: URL(filePath: "\(folder.path)/output"))).map { String(decoding: $0, as: UTF8.self) } ?? ""
      await stop()
      throw World.Unexpected(what: "\(program.rawValue) did not start: \(log)")
    }
  }

  private static func start(_ arguments: [String], in folder: String) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "\(folder)/output", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    let argv = arguments.map { strdup($0) } + [nil]
    let environment = ["PATH=/usr/bin:/bin", "HOME=\(folder)", "XDG_DATA_HOME=\(folder)", "XDG_CONFIG_HOME=\(folder)"]
    let envp = environment.map { strdup($0) } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var child: pid_t = 0
    try #require(posix_spawn(&child, arguments[0], &actions, &attributes, argv, envp) == 0)
    return child
  }

  /// Runs a program to its end.
  static func run(_ arguments: [String], in folder: String) throws {
    var status: Int32 = 0
    let child = try start(arguments, in: folder)
    guard waitpid(child, &status, 0) == child, status == 0 else {
      let output = (try? Data(contentsOf: URL(filePath: "\(folder)/output"))).map { String(decoding: $0, as: UTF8.self) } ?? ""
      throw World.Unexpected(what: "\(arguments[0]): \(output)")
    }
  }

  /// Asks politely; what is left of its group after that is killed.
  func stop() async {
    guard !hasEnded else { return }
    hasEnded = true
    kill(id, SIGTERM)
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(3)
    let isOver = await ChildProcess.eventually { [id] in waitpid(id, nil, WNOHANG) != 0 || clock.now > deadline }
    if isOver { kill(-id, SIGKILL) }
    waitpid(id, nil, 0)
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
      try? FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
    }
  }

  /// A request on a connection of its own.
  func ask(_ method: String, _ target: String, _ headers: [(String, String)] = [], _ body: [UInt8]? = nil) throws -> Answer {
    let connection = try Connection(port: port)
    connection.send(Call.bytes(method, target, headers, body))
    return try connection.answer(isHead: method == "HEAD")
  }
}

extension Answer {
  /// What the service got; `nil` where the gateway let nothing through.
  var echoed: EchoedRequest? { self[EchoService.mark] == nil ? nil : EchoedRequest(text) }
}
