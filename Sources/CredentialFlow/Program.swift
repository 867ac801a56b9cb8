internal import CLinux
internal import Glibc

@main
enum Program {
  static func main() async {
    // Files are this user's alone from the first one on.
    umask(0o077)
    // Every command holds keys.
    guard cf_forbid_core_dumps() == 0 else {
      FileBytes.write(Array("credentialflow: core dumps cannot be switched off; keys could reach the disk\n".utf8), to: STDERR_FILENO)
      exit(ExitStatus.refused.rawValue)
    }
    // Dispatch would write to syslog, of every process that is not root's, that its own thread may not go below nice 0.
    setenv("LIBDISPATCH_LOG", "NO", 0)
    // A reader that has gone away is an error of the write, not the end of the program.
    signal(SIGPIPE, SIG_IGN)
    // Dispatch's threads come and go, and each would have a heap of its own that never shrinks again.
    cf_share_heaps(max(2, Int32(clamping: sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
    let runner = CommandRunner(table: CommandTable.all, environment: Environment.variables)
    let status = await runner.run(Array(CommandLine.arguments.dropFirst()), on: .standard)
    exit(status.rawValue)
  }
}

/// The environment at the start of the program.
enum Environment {
  static var variables: [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
      entry += 1
    }
    return variables
  }
}

extension Console {
  /// The program's own standard streams.
  static let standard = Console(
    isTerminal: Terminal.isStandardOutput,
    output: { FileBytes.write($0, to: STDOUT_FILENO) },
    errors: { FileBytes.write($0, to: STDERR_FILENO) })
}
