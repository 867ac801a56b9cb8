/// One row of the command table. Parser, help and completions all read it, so none of them can disagree with another.
struct Command: Sendable {
  /// The words that call it, as in `["user", "add"]`.
  let path: [String]
  /// One line, no full stop.
  let summary: String
  let arguments: [Argument]
  let options: [Option]
  /// What stands after `credentialflow`; a test parses each of them.
  let examples: [String]
  let input: Input
  let action: Action

  init(
    _ path: String, _ summary: String, arguments: [Argument] = [], options: [Option] = [], examples: [String] = [],
    input: Input = .none, action: Action
  ) {
    self.path = path.split(separator: " ").map(String.init)
    self.summary = summary
    self.arguments = arguments
    self.options = options + input.options
    self.examples = examples
    self.input = input
    self.action = action
  }

  var name: String { path.joined(separator: " ") }

  /// A positional argument.
  struct Argument: Sendable {
    enum Count: Sendable { case one, optional, oneOrMore, any }

    let name: String
    let summary: String
    let count: Count

    /// `name` in capitals, as in `USER`.
    init(_ name: String, _ summary: String, _ count: Count = .one) {
      self.name = name
      self.summary = summary
      self.count = count
    }

    var isRequired: Bool { count == .one || count == .oneOrMore }
    var isRepeatable: Bool { count == .oneOrMore || count == .any }
  }

  /// `--name`, `--name VALUE` or `--name VALUE` several times.
  struct Option: Sendable {
    /// Without the dashes.
    let name: String
    /// What the value is called in the help; `nil` for a flag.
    let value: String?
    let isRepeatable: Bool
    let summary: String

    static func flag(_ name: String, _ summary: String) -> Option {
      Option(name: name, value: nil, isRepeatable: false, summary: summary)
    }

    static func value(_ name: String, _ value: String, _ summary: String) -> Option {
      Option(name: name, value: value, isRepeatable: false, summary: summary)
    }

    static func values(_ name: String, _ value: String, _ summary: String) -> Option {
      Option(name: name, value: value, isRepeatable: true, summary: summary)
    }
  }

  /// What is read before the command runs: before the data folder is locked, and in the caller's process even where a running
  /// server executes the command. Never from arguments, which every user of the machine can see.
  enum Input: Sendable {
    case none
    /// A password that is being set: asked twice on the terminal, or one line of standard input with `--password-stdin`.
    /// `prompt` without a colon; nothing is read where the flag `unless` is given.
    case newPassword(prompt: String, unless: String? = nil)
    /// Standard input, at most `limit` bytes, where an argument is `-`.
    case standardInputForDash(limit: Int)

    fileprivate var options: [Option] {
      switch self {
      case .newPassword: [.flag("password-stdin", "read the password from standard input, one line")]
      case .none, .standardInputForDash: []
      }
    }
  }

  /// What the command needs, and the code.
  enum Action: Sendable {
    /// Runs here and touches nothing lasting.
    case free(@Sendable (Invocation, Console) async throws -> ExitStatus)
    /// Runs here with the data folder's files; takes the folder's lock itself where it changes something.
    case folder(@Sendable (Invocation, Console, Installation) async throws -> ExitStatus)
    /// Runs in the process that holds the folder's lock: here, or in the running server.
    case application(@Sendable (Invocation, Console, Application) async throws -> ExitStatus)
    /// Like `application`, but runs even where the application cannot be opened and is told why.
    case inspection(@Sendable (Invocation, Console, Installation, Result<Application, any Error>) async throws -> ExitStatus)
  }
}

/// What the shell sees (contract, section 7).
enum ExitStatus: Int32, Sendable {
  case done = 0
  /// Refused or failed; standard error says why.
  case refused = 1
  /// The command line was wrong; nothing was done.
  case usage = 2
}

/// The command line is wrong.
struct UsageError: Error, Equatable, CustomStringConvertible {
  let description: String
  /// Whose help to read: the words of a command or of a group, empty for the whole.
  let command: String

  init(_ description: String, command: String = "") {
    self.description = description
    self.command = command
  }
}

/// The command was understood and cannot be done; the text says why and what to do.
struct Refusal: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
