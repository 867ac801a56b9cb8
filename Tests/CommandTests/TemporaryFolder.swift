import Glibc

@testable import CredentialFlow

/// A folder of a test's own, gone with the value.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/credentialflow-test-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Refusal("no temporary folder: \(SystemError.text(errno))") }
    path = String(cString: made)
  }

  deinit { Self.remove(path) }

  func write(_ name: String, _ text: String) throws {
    unlink("\(path)/\(name)")
    guard try FileBytes.create("\(path)/\(name)", Array(text.utf8), mode: 0o600) else { throw Refusal("\(name) is there") }
  }

  private static func remove(_ path: String) {
    if let folder = opendir(path) {
      while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard name != "." && name != ".." else { continue }
        if unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
      }
      closedir(folder)
    }
    rmdir(path)
  }

  static func mode(_ path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : nil
  }
}

/// What a command line printed and how it ended.
struct Ran {
  let status: ExitStatus
  let output: String
  let errors: String

  init(_ words: [String], table: [Command] = CommandTable.all, environment: [String: String] = [:], lockTimeout: Duration = .seconds(10))
    async
  {
    let collected = CollectedOutput(limit: 1_000_000)
    let runner = CommandRunner(table: table, environment: environment, lockTimeout: lockTimeout)
    status = await runner.run(words, on: collected.console(isTerminal: false, input: nil))
    output = String(decoding: collected.output, as: UTF8.self)
    errors = String(decoding: collected.errors, as: UTF8.self)
  }
}
