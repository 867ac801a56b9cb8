import Dispatch
import Glibc

/// Programs that tests talk through: openssl, curl.
enum Program {
  /// What it wrote, to standard output and error, within 30 seconds.
  static func run(_ words: [String], input: String = "") async -> String {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: output(["timeout", "30"] + words, input)) }
    }
  }

  /// By files: a pipe would be open in whatever other tests start meanwhile.
  private static func output(_ words: [String], _ input: String) -> String {
    let path = "/tmp/credentialflow-program-\(UInt64.random(in: 0 ... .max))"
    defer { for end in ["in", "out"] { unlink("\(path).\(end)") } }
    if let file = fopen("\(path).in", "w") {
      fputs(input, file)
      fclose(file)
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, 0, "\(path).in", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "\(path).out", O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    guard posix_spawnp(&child, words[0], &actions, nil, arguments, environ) == 0 else { return "cannot run \(words)" }
    waitpid(child, nil, 0)
    guard let file = fopen("\(path).out", "r") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 262_144)
    return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
  }
}
