/// A command line that fits its command's row.
struct Invocation: Sendable {
  let command: Command
  /// The words as they were given, without the program's name: what the control socket carries.
  let words: [String]
  /// By name of the argument, in the order given.
  let arguments: [String: [String]]
  /// By name of the option; a flag that was given has one empty value.
  let options: [String: [String]]

  /// The options that every command takes.
  static let sharedOptions: [Command.Option] = [
    .value("data", "DIR", "the data folder (default $CREDENTIALFLOW_DATA, then /var/lib/credentialflow)"),
    .value("config", "FILE", "the configuration (default credentialflow.json5 in the data folder)"),
    .flag("json", "write JSON instead of text"),
    .flag("help", "show this help"),
  ]

  var isJSON: Bool { has("json") }

  func has(_ option: String) -> Bool { options[option] != nil }
  func value(_ option: String) -> String? { options[option]?.first }
  func values(_ option: String) -> [String] { options[option] ?? [] }

  /// The argument called `name`.
  func argument(_ name: String) throws(UsageError) -> String {
    guard let value = arguments[name]?.first else { throw wrong("\(name) is missing") }
    return value
  }

  func argumentIfPresent(_ name: String) -> String? { arguments[name]?.first }
  func arguments(_ name: String) -> [String] { arguments[name] ?? [] }

  /// The option's value as a whole number of `range`, `fallback` where it was not given.
  func integer(_ option: String, default fallback: Int, in range: ClosedRange<Int>) throws(UsageError) -> Int {
    guard let text = value(option) else { return fallback }
    guard let number = Int(text), range.contains(number) else {
      throw wrong("--\(option) takes a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
    }
    return number
  }

  /// The option's value as a time: `90`, `90s`, `15m`, `12h` or `30d`. `nil` where it was not given.
  func duration(_ option: String, in range: ClosedRange<Duration>) throws(UsageError) -> Duration? {
    guard let text = value(option) else { return nil }
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    let unit = text.last.flatMap { units[$0] }
    let digits = unit == nil ? text[...] : text.dropLast()
    guard let count = Int64(digits), count >= 0, count < 1_000_000_000, range.contains(.seconds(count * (unit ?? 1))) else {
      let bounds = "\(range.lowerBound.components.seconds)s to \(range.upperBound.components.seconds)s"
      throw wrong("--\(option) takes a time such as 90s, 15m, 12h or 30d, from \(bounds), not '\(text)'")
    }
    return .seconds(count * (unit ?? 1))
  }

  /// The error for a value that only the command can judge.
  func wrong(_ detail: String) -> UsageError { UsageError(detail, command: command.name) }
}
