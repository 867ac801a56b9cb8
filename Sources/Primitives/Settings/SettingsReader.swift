/// Reads one object of the configuration. It remembers which keys were asked for, so that any other key is an error that names
/// the nearest known one, and what came out, so that the effective configuration can be printed with its secrets hidden.
///
/// Used by one thread, before the server starts: a class, because a section writes into its parent's record.
package final class SettingsReader {
  package let path: String
  private let members: [String: SettingsValue]
  private let readFile: (String) throws(SettingsError) -> [UInt8]
  private var known: [String] = []
  /// What was read, defaults included, secrets as `"(hidden)"`.
  package private(set) var effective: [String: SettingsValue] = [:]

  /// `readFile` opens the files that `…File` keys name; its error says why not.
  package init(
    _ members: [String: SettingsValue], path: String = "", readFile: @escaping (String) throws(SettingsError) -> [UInt8]
  ) {
    self.members = members
    self.path = path
    self.readFile = readFile
  }

  /// Refuses keys that nobody asked for. Called once, after the last read.
  package func finish() throws(SettingsError) {
    for key in members.keys.sorted() where !known.contains(key) {
      let hint =
        Spelling.nearest(to: key, among: known).map { "did you mean '\($0)'?" } ?? "known here: \(known.sorted().joined(separator: ", "))"
      throw SettingsError(path: path(of: key), detail: "unknown key; \(hint)")
    }
  }

  /// Reads a whole object. Where that fails for a key that is missing and that another one was meant for, says that: "unknown key
  /// 'network'" helps, "networks is required" does not.
  private func whole<Slice>(_ read: (SettingsReader) throws(SettingsError) -> Slice) throws(SettingsError) -> Slice {
    let slice: Slice
    do throws(SettingsError) {
      slice = try read(self)
    } catch {
      let missing = known.filter { members[$0] == nil }
      for key in members.keys.sorted() where !known.contains(key) {
        guard let meant = Spelling.nearest(to: key, among: missing) else { continue }
        throw SettingsError(path: path(of: key), detail: "unknown key; did you mean '\(meant)'?")
      }
      throw error
    }
    try finish()
    return slice
  }

  package func has(_ key: String) -> Bool {
    known.append(key)
    return members[key].map { $0 != .null } ?? false
  }

  package func section<Slice: Settings>(_ key: String, as type: Slice.Type = Slice.self) throws(SettingsError) -> Slice {
    try section(key) { reader throws(SettingsError) in try Slice(from: reader) }
  }

  /// An object that `read` reads: for several of one shape that differ in their defaults.
  package func section<Slice>(
    _ key: String, _ read: (SettingsReader) throws(SettingsError) -> Slice
  ) throws(SettingsError) -> Slice {
    var members: [String: SettingsValue] = [:]
    if let value = take(key) {
      guard case .object(let found) = value else { throw wrong(key, "expected an object") }
      members = found
    }
    let reader = SettingsReader(members, path: path(of: key), readFile: readFile)
    let slice = try reader.whole(read)
    effective[key] = .object(reader.effective)
    return slice
  }

  /// A list of objects, each read as one `Slice`; `fallback` is read where the key is absent.
  package func list<Slice: Settings>(
    _ key: String, of type: Slice.Type = Slice.self, default fallback: [SettingsValue] = []
  ) throws(SettingsError) -> [Slice] {
    guard case .array(let items) = take(key) ?? .array(fallback) else { throw wrong(key, "expected a list") }
    var slices: [Slice] = []
    var shown: [SettingsValue] = []
    for (index, item) in items.enumerated() {
      guard case .object(let members) = item else { throw wrong("\(key)[\(index)]", "expected an object") }
      let reader = SettingsReader(members, path: path(of: "\(key)[\(index)]"), readFile: readFile)
      slices.append(try reader.whole { reader throws(SettingsError) in try Slice(from: reader) })
      shown.append(.object(reader.effective))
    }
    effective[key] = .array(shown)
    return slices
  }

  package func string(_ key: String, default fallback: String) throws(SettingsError) -> String {
    try scalar(key, fallback, shown: { .string($0) }) { if case .string(let text) = $0 { text } else { nil } }
  }

  /// `nil` where the key is absent.
  package func stringIfPresent(_ key: String) throws(SettingsError) -> String? {
    guard has(key) else {
      known.append(key)
      effective[key] = .null
      return nil
    }
    return try string(key, default: "")
  }

  /// The bytes of the file that `key` names; `nil` where the key is absent.
  package func fileIfPresent(_ key: String) throws(SettingsError) -> [UInt8]? {
    guard let path = try stringIfPresent(key) else { return nil }
    return try read(path, for: key)
  }

  private func read(_ file: String, for key: String) throws(SettingsError) -> [UInt8] {
    do {
      return try readFile(file)
    } catch {
      throw wrong(key, error.detail)
    }
  }

  package func boolean(_ key: String, default fallback: Bool) throws(SettingsError) -> Bool {
    try scalar(key, fallback, shown: { .boolean($0) }) { if case .boolean(let value) = $0 { value } else { nil } }
  }

  package func integer(_ key: String, default fallback: Int, in range: ClosedRange<Int>) throws(SettingsError) -> Int {
    let value = try scalar(key, fallback, shown: { .integer($0) }) { if case .integer(let value) = $0 { value } else { nil } }
    guard range.contains(value) else {
      throw wrong(key, "expected a whole number from \(range.lowerBound) to \(range.upperBound), found \(value)")
    }
    return value
  }

  /// Seconds in the file; whole or with a fraction.
  package func duration(_ key: String, default fallback: Duration, in range: ClosedRange<Duration>) throws(SettingsError) -> Duration {
    let value = try scalar(key, fallback, shown: { SettingsValue(seconds: $0) }) { value in
      switch value {
      case .integer(let seconds): .seconds(seconds)
      case .number(let seconds) where abs(seconds) < 1e12: .microseconds(Int64(seconds * 1_000_000))
      default: nil
      }
    }
    guard range.contains(value) else {
      let (least, most) = (range.lowerBound.inSeconds, range.upperBound.inSeconds)
      throw wrong(key, "expected seconds from \(least) to \(most), found \(SettingsValue(seconds: value).text)")
    }
    return value
  }

  package func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, default fallback: Choice
  ) throws(SettingsError) -> Choice {
    let text = try string(key, default: fallback.rawValue)
    guard let value = Choice(rawValue: text) else {
      throw wrong(key, "expected one of \(Choice.allCases.map(\.rawValue).joined(separator: ", ")), found '\(text)'")
    }
    return value
  }

  package func strings(_ key: String, default fallback: [String]) throws(SettingsError) -> [String] {
    try scalar(key, fallback, shown: { .array($0.map { .string($0) }) }) { value in
      guard case .array(let items) = value else { return nil }
      let texts = items.compactMap { if case .string(let text) = $0 { text } else { nil } }
      return texts.count == items.count ? texts : nil
    }
  }

  /// A secret, inline as `key` or in the file that `keyFile` names (one trailing line end dropped). `nil` where both are absent.
  package func secret(_ key: String) throws(SettingsError) -> Secret? {
    let fileKey = key + "File"
    known.append(fileKey)
    // An empty secret is none: nobody means to be protected by it.
    let inline = take(key).flatMap { $0 == .string("") ? nil : $0 }
    effective[key] = inline == nil ? .null : .string("(hidden)")
    effective[fileKey] = .null
    if let named = members[fileKey], named != .null {
      guard case .string(let file) = named else { throw wrong(fileKey, "expected the path of a file") }
      guard inline == nil else { throw wrong(key, "set either \(key) or \(fileKey), not both") }
      effective[fileKey] = .string(file)
      var bytes = try read(file, for: fileKey)
      defer { Secret.wipe(&bytes) }
      while let last = bytes.last, last == 10 || last == 13 { bytes.removeLast() }
      return Secret(copying: bytes)
    }
    guard let inline else { return nil }
    guard case .string(let text) = inline else { throw wrong(key, "expected a string") }
    return Secret(copying: text.utf8)
  }

  /// Several secrets, so that one can be rotated in before the other goes: `key` a list of strings, or one to a line in the
  /// file that `keyFile` names. Empty lines count for nothing.
  package func secrets(_ key: String) throws(SettingsError) -> [Secret] {
    let texts = try strings(key, default: [])
    effective[key] = .array(texts.map { _ in .string("(hidden)") })
    guard let file = try stringIfPresent(key + "File") else { return texts.map { Secret(copying: $0.utf8) } }
    guard texts.isEmpty else { throw wrong(key, "set either \(key) or \(key)File, not both") }
    var bytes = try read(file, for: key + "File")
    defer { Secret.wipe(&bytes) }
    return bytes.split { $0 == 10 || $0 == 13 }.map { Secret(copying: $0) }
  }

  /// The error for `key`, for rules that only the module knows.
  package func wrong(_ key: String, _ detail: String) -> SettingsError { SettingsError(path: path(of: key), detail: detail) }

  private func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  private func take(_ key: String) -> SettingsValue? {
    known.append(key)
    guard let value = members[key], value != .null else { return nil }
    return value
  }

  private func scalar<Value>(
    _ key: String, _ fallback: Value, shown: (Value) -> SettingsValue, _ convert: (SettingsValue) -> Value?
  ) throws(SettingsError) -> Value {
    guard let found = take(key) else {
      effective[key] = shown(fallback)
      return fallback
    }
    guard let value = convert(found) else { throw wrong(key, "expected a value such as \(shown(fallback).text), found \(found.text)") }
    effective[key] = shown(value)
    return value
  }
}

extension SettingsValue {
  /// As it would stand in the file, for messages.
  fileprivate var text: String {
    switch self {
    case .null: "null"
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): "\"\(value)\""
    case .array(let items): "[" + items.map(\.text).joined(separator: ", ") + "]"
    case .object: "{ … }"
    }
  }

  fileprivate init(seconds duration: Duration) {
    let micros = duration.inMicroseconds
    self = micros % 1_000_000 == 0 ? .integer(Int(micros / 1_000_000)) : .number(Double(micros) / 1_000_000)
  }
}
