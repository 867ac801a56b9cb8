internal import Glibc
internal import Primitives

/// Reads what a command declares in `Command.input`, in the process of the person who called it.
enum CommandInputReader {
  static func read(for invocation: Invocation) throws -> Secret? {
    switch invocation.command.input {
    case .none: return nil
    case .newPassword(_, let flag?) where invocation.has(flag): return nil
    case .newPassword(let prompt, _):
      return invocation.has("password-stdin") ? try PasswordLine.read(from: STDIN_FILENO) : try newPassword(prompt, invocation)
    case .standardInputForDash(let limit):
      guard invocation.arguments.values.contains(where: { $0.contains("-") }) else { return nil }
      var bytes = try FileBytes.read(descriptor: STDIN_FILENO, name: "standard input", limit: limit)
      defer { Secret.wipe(&bytes) }
      return Secret(copying: bytes)
    }
  }

  private static func newPassword(_ prompt: String, _ invocation: Invocation) throws -> Secret {
    guard let terminal = Terminal() else {
      throw invocation.wrong("there is no terminal to ask for the password; pipe it in and give --password-stdin")
    }
    let first = try terminal.password("\(prompt): ")
    let second = try terminal.password("\(prompt), again: ")
    guard first.isEqual(to: second) else { throw Refusal("the two passwords differ; nothing was done") }
    return first
  }
}
