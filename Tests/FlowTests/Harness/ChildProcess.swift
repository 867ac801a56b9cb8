import FoundationEssentials
import Glibc
import Testing

/// This test program once more, with one test to run and a folder to work in.
final class ChildProcess: Sendable {
  static let folderVariable = "CREDENTIALFLOW_FLOW_CHILD"
  /// Inside the child: the folder.
  static let folder = getenv(folderVariable).map { String(cString: $0) }

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
    let environment = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" } + ["\(Self.folderVariable)=\(folder.path)"]
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

  /// Polls: the operating system tells of a child's file in no other way. False where it does not come about in time.
  static func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<3_000 {
      if condition() { return true }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return condition()
  }
}
