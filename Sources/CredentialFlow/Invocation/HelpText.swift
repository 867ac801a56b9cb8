/// The help of the program, of a group such as `user`, and of one command, written from the table.
enum HelpText {
  /// `path` is a command's, the beginning of several commands', or empty.
  static func page(for path: [String], in table: [Command]) -> String {
    if let command = table.first(where: { $0.path == path }) { return page(of: command) }
    let name = (["credentialflow"] + path).joined(separator: " ")
    let commands = table.filter { $0.path.starts(with: path) }
    return """
      \(name) COMMAND [arguments] [options]

      Commands:
      \(rows(commands.map { ($0.name, $0.summary) }))

      Options of every command:
      \(rows(Invocation.sharedOptions.map { (label(of: $0), $0.summary) }))

      `credentialflow COMMAND --help` tells more. Exit: 0 done, 1 refused or failed, 2 usage.
      """
  }

  /// As in `credentialflow user add NAME [--role ROLE]…`.
  static func usage(of command: Command) -> String {
    let arguments = command.arguments.map { argument in
      switch argument.count {
      case .one: argument.name
      case .optional: "[\(argument.name)]"
      case .oneOrMore: "\(argument.name)…"
      case .any: "[\(argument.name)]…"
      }
    }
    let options = command.options.map { "[\(label(of: $0))]\($0.isRepeatable ? "…" : "")" }
    return (["credentialflow", command.name] + arguments + options).joined(separator: " ")
  }

  private static func page(of command: Command) -> String {
    var parts = ["\(usage(of: command))\n\n\(command.summary)."]
    if !command.arguments.isEmpty {
      parts.append("Arguments:\n\(rows(command.arguments.map { ($0.name, $0.summary) }))")
    }
    let options = command.options + Invocation.sharedOptions
    parts.append("Options:\n\(rows(options.map { (label(of: $0), $0.summary) }))")
    if !command.examples.isEmpty {
      parts.append("Examples:\n" + command.examples.map { "  credentialflow \($0)" }.joined(separator: "\n"))
    }
    return parts.joined(separator: "\n\n")
  }

  private static func label(of option: Command.Option) -> String {
    "--\(option.name)" + (option.value.map { " \($0)" } ?? "")
  }

  private static func rows(_ rows: [(String, String)]) -> String {
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { "  \($0.0)\(String(repeating: " ", count: width - $0.0.count))  \($0.1)" }.joined(separator: "\n")
  }
}
