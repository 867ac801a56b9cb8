internal import Primitives

/// Reads a command line against the table.
struct CommandParser: Sendable {
  enum Request: Sendable {
    case run(Invocation)
    /// `--help` was given: the text to show.
    case help(String)
  }

  private let table: [Command]

  init(_ table: [Command]) { self.table = table }

  /// `words` without the program's name.
  func parse(_ words: [String]) throws(UsageError) -> Request {
    var remaining = words[...]
    var options: [String: [String]] = [:]
    var path: [String] = []
    var found: Command?
    while found == nil, let word = remaining.first {
      if word.hasPrefix("-") {
        if word == "-h" || word == "--help" { return .help(HelpText.page(for: path, in: table)) }
        try takeOption(from: &remaining, of: Invocation.sharedOptions, command: path.joined(separator: " "), into: &options)
      } else {
        path.append(word)
        remaining.removeFirst()
        found = try command(at: path)
      }
    }
    guard let found else { throw incomplete(path) }
    return try parse(found, remaining, options, words: words)
  }

  /// `nil` where `path` is the beginning of longer names.
  private func command(at path: [String]) throws(UsageError) -> Command? {
    if let command = table.first(where: { $0.path == path }) { return command }
    guard !table.contains(where: { $0.path.starts(with: path) }) else { return nil }
    let group = Array(path.dropLast())
    let typed = path.last ?? ""
    let known = names(below: group)
    let hint = Spelling.nearest(to: typed, among: known).map { "did you mean '\((group + [$0]).joined(separator: " "))'?" }
    throw UsageError(
      "unknown command '\(path.joined(separator: " "))'; \(hint ?? "known: \(known.joined(separator: ", "))")",
      command: group.joined(separator: " "))
  }

  private func names(below group: [String]) -> [String] {
    var names: [String] = []
    for command in table where command.path.starts(with: group) && command.path.count > group.count {
      let name = command.path[group.count]
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  private func incomplete(_ path: [String]) -> UsageError {
    let known = names(below: path).joined(separator: ", ")
    let group = path.joined(separator: " ")
    return UsageError(path.isEmpty ? "a command is missing; known: \(known)" : "'\(group)' needs one of: \(known)", command: group)
  }

  private func parse(
    _ command: Command, _ words: ArraySlice<String>, _ shared: [String: [String]], words all: [String]
  ) throws(UsageError) -> Request {
    var remaining = words
    var options = shared
    var positional: [String] = []
    var hasEnded = false
    while let word = remaining.first {
      if hasEnded || word == "-" || !word.hasPrefix("-") {
        positional.append(word)
        remaining.removeFirst()
      } else if word == "--" {
        hasEnded = true
        remaining.removeFirst()
      } else if word == "-h" || word == "--help" {
        return .help(HelpText.page(for: command.path, in: table))
      } else {
        try takeOption(from: &remaining, of: command.options + Invocation.sharedOptions, command: command.name, into: &options)
      }
    }
    let arguments = try assign(positional, to: command)
    return .run(Invocation(command: command, words: all, arguments: arguments, options: options))
  }

  private func takeOption(
    from words: inout ArraySlice<String>, of known: [Command.Option], command: String, into options: inout [String: [String]]
  ) throws(UsageError) {
    guard let word = words.popFirst() else { return }
    let parts = word.dropFirst(word.hasPrefix("--") ? 2 : 1).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts.first ?? "")
    guard word.hasPrefix("--"), let option = known.first(where: { $0.name == name }) else {
      let hint =
        Spelling.nearest(to: name, among: known.map(\.name)).map { "did you mean --\($0)?" }
        ?? "known: \(known.map { "--" + $0.name }.joined(separator: ", ")); what is no option and begins with '-' stands behind '--'"
      throw UsageError("unknown option '\(word)'; \(hint)", command: command)
    }
    let inline = parts.count == 2 ? String(parts[1]) : nil
    if options[name] != nil && !option.isRepeatable { throw UsageError("--\(name) is given twice", command: command) }
    options[name, default: []].append(try value(of: option, inline: inline, words: &words, command: command))
  }

  private func value(
    of option: Command.Option, inline: String?, words: inout ArraySlice<String>, command: String
  ) throws(UsageError) -> String {
    guard let label = option.value else {
      guard inline == nil else { throw UsageError("--\(option.name) takes no value", command: command) }
      return ""
    }
    if let inline { return inline }
    guard let next = words.first, next == "-" || !next.hasPrefix("-") else {
      throw UsageError("--\(option.name) needs a value: --\(option.name) \(label)", command: command)
    }
    words.removeFirst()
    return next
  }

  /// Hands the words to the arguments in order; a repeatable argument stands last and takes the rest.
  private func assign(_ words: [String], to command: Command) throws(UsageError) -> [String: [String]] {
    var remaining = words[...]
    var assigned: [String: [String]] = [:]
    for argument in command.arguments {
      if argument.isRequired && remaining.isEmpty {
        throw UsageError("\(argument.name) is missing: \(HelpText.usage(of: command))", command: command.name)
      }
      guard let first = remaining.first else { continue }
      assigned[argument.name] = argument.isRepeatable ? Array(remaining) : [first]
      remaining = argument.isRepeatable ? [] : remaining.dropFirst()
    }
    if let extra = remaining.first {
      throw UsageError("'\(extra)' is one argument too many: \(HelpText.usage(of: command))", command: command.name)
    }
    return assigned
  }
}
