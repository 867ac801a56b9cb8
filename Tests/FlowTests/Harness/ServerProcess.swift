import FoundationEssentials
import Glibc
import Testing

/// The program itself, `serve` in a process of its own, with listening sockets handed over as systemd does it: from descriptor 3 on.
final class ServerProcess: Sendable {
  let id: pid_t

  static let program: String = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let folders = [tests, CommandLine.arguments.first ?? ""].map { $0.split(separator: "/").dropLast().joined(separator: "/") }
    return folders.map { "/\($0)/credentialflow" }.first { access($0, X_OK) == 0 } ?? ".build/debug/credentialflow"
  }()

  /// `sockets`: descriptors by name.
  init(folder: TemporaryFolder, sockets: [(name: String, descriptor: Int32)], environment: [String: String] = [:]) throws {
    let names = sockets.map(\.name).joined(separator: ":")
    let script = "LISTEN_PID=$$ LISTEN_FDS=\(sockets.count) LISTEN_FDNAMES=\(names) exec \(Self.program) serve --data \(folder.path)"
    var variables = environment.merging(["PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no"]) { given, _ in given }
    // It is built as the tests are: under a sanitizer it has to be told what they are told.
    for name in ["ASAN_OPTIONS", "TSAN_OPTIONS"] { if let value = getenv(name) { variables[name] = String(cString: value) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, "\(folder.path)/log", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, "\(folder.path)/log", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    // First far away, so that none is overwritten by another.
    let copies = try sockets.map { try #require(Optional(fcntl($0.descriptor, F_DUPFD_CLOEXEC, 100)).flatMap { $0 < 0 ? nil : $0 }) }
    defer { for copy in copies { close(copy) } }
    for (index, copy) in copies.enumerated() { posix_spawn_file_actions_adddup2(&actions, copy, 3 + Int32(index)) }
    id = try Self.spawn(["/bin/sh", "-c", script], variables.map { "\($0)=\($1)" }, &actions)
  }

  private static func spawn(
    _ words: [String], _ environment: [String], _ actions: inout posix_spawn_file_actions_t
  ) throws -> pid_t {
    let argv = words.map { strdup($0) } + [nil]
    let envp = environment.map { strdup($0) } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var child: pid_t = 0
    try #require(posix_spawn(&child, words[0], &actions, nil, argv, envp) == 0)
    return child
  }

  /// From now on it may open descriptors up to `count`.
  func limitDescriptors(to count: Int) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let child = try Self.spawn(["/usr/bin/prlimit", "--pid", "\(id)", "--nofile=\(count):4096"], [], &actions)
    var status: Int32 = 0
    waitpid(child, &status, 0)
    try #require(status == 0)
  }

  /// Ends it in order; its exit status.
  @discardableResult func stop() -> Int32 {
    kill(id, SIGTERM)
    var status: Int32 = 0
    waitpid(id, &status, 0)
    return status >> 8 & 255
  }

  var descriptors: Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").count) ?? 0 }

  /// Ticks of processor time so far (proc(5)).
  var processorTicks: Int {
    let text = (try? Data(contentsOf: URL(filePath: "/proc/\(id)/stat"))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let fields = text.split(separator: ")").last.map { $0.split(separator: " ") } ?? []
    return fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
  }
}
