internal import Primitives

/// `CREDENTIALFLOW_TOKENS__ACCESS_LIFETIME=300` sets `tokens.accessLifetime`. Two underscores part sections, one parts words.
struct EnvironmentOverrides: Sendable {
  static let prefix = "CREDENTIALFLOW_"
  /// Variables that are not keys of the configuration.
  private static let others: Set = ["CREDENTIALFLOW_DATA", "CREDENTIALFLOW_MASTER_KEY", "CREDENTIALFLOW_MASTER_KEY_FILE"]

  private let variables: [(name: String, value: String)]

  init(_ environment: [String: String]) {
    variables = environment.filter { name, _ in
      name.hasPrefix(Self.prefix) && !Self.others.contains(name) && !name.hasPrefix("CREDENTIALFLOW_TEST_")
    }
    .sorted { $0.key < $1.key }
    .map { (name: $0.key, value: $0.value) }
  }

  func apply(to members: inout [String: SettingsValue], keys: KnownKeys, origins: inout [String]) throws(SettingsError) {
    // Compared without underscores and case: MEMORY_KIB finds memoryKiB, PUBLIC_URL finds publicURL.
    var byForm: [String: String] = [:]
    for key in keys.defaults.keys { byForm[Self.form(ofKey: key)] = key }
    for (name, text) in variables {
      guard let key = byForm[Self.form(ofVariable: name)], let fallback = keys.defaults[key] else { throw unknown(name, keys) }
      guard let value = Self.value(text, like: fallback) else {
        throw SettingsError(path: key, detail: "\(name) is '\(text)'; expected \(Self.expected(fallback))")
      }
      // The other form of a secret gives way, whichever of the two the file has.
      if let other = keys.otherForm(ofSecret: key) { _ = members.set(other.split(separator: "."), .null) }
      guard members.set(key.split(separator: "."), value) else {
        throw SettingsError(path: key, detail: "\(name) sets a part of something that is not an object in the file")
      }
      origins.append("$\(name)")
    }
  }

  /// The variable that sets `key`.
  static func variable(for key: String) -> String {
    let sections = key.split(separator: ".").map { section in
      var words = ""
      var isAfterLower = false
      for (index, character) in section.enumerated() {
        // `memoryKiB` is MEMORY_KIB: a single capital at the end begins no word.
        if character.isUppercase && isAfterLower && index < section.count - 1 { words += "_" }
        words += character.uppercased()
        isAfterLower = character.isLowercase || character.isNumber
      }
      return words
    }
    return prefix + sections.joined(separator: "__")
  }

  private func unknown(_ name: String, _ keys: KnownKeys) -> SettingsError {
    let known = keys.defaults.keys.map(Self.variable)
    let hint = Spelling.nearest(to: name, among: known).map { "; did you mean \($0)?" } ?? "; `credentialflow config print` lists all keys"
    return SettingsError(path: "", detail: "the environment sets \(name), which is no key of the configuration\(hint)")
  }

  private static func form(ofKey key: String) -> String { key.uppercased() }

  private static func form(ofVariable name: String) -> String {
    var form = ""
    var rest = name.dropFirst(prefix.count)
    while let character = rest.first {
      if rest.hasPrefix("__") {
        form += "."
        rest = rest.dropFirst(2)
      } else {
        if character != "_" { form.append(character) }
        rest = rest.dropFirst()
      }
    }
    return form
  }

  /// `text` as the type that the key has: what is text stays text, so that a password of digits is no number.
  private static func value(_ text: String, like fallback: SettingsValue) -> SettingsValue? {
    switch fallback {
    case .string, .null: return .string(text)
    case .boolean, .integer, .number, .array, .object: break
    }
    guard let value = try? JSON5Parser.parse(Array(text.utf8)) else { return nil }
    switch (fallback, value) {
    case (.boolean, .boolean), (.array, .array), (.object, .object): return value
    case (.integer, .integer), (.integer, .number), (.number, .integer), (.number, .number): return value
    default: return nil
    }
  }

  private static func expected(_ fallback: SettingsValue) -> String {
    switch fallback {
    case .boolean: "true or false"
    case .integer, .number: "a number"
    case .array: "a list as JSON, such as [\"a\", \"b\"]"
    case .object: "an object as JSON, such as {\"a\": 1}"
    case .string, .null: "text"
    }
  }
}

/// systemd's `LoadCredential=`: a file in `$CREDENTIALS_DIRECTORY` that is named like a secret's dotted key sets that secret.
struct CredentialFiles: Sendable {
  private let directory: String?

  init(environment: [String: String]) { directory = environment["CREDENTIALS_DIRECTORY"] }

  func apply(to members: inout [String: SettingsValue], keys: KnownKeys, origins: inout [String]) throws(SettingsError) {
    guard let directory else { return }
    for key in keys.secrets where FileBytes.exists("\(directory)/\(key)") {
      let path = key.split(separator: ".")
      guard members.set(path, .null), members.set((key + "File").split(separator: "."), .string("\(directory)/\(key)")) else {
        throw SettingsError(path: key, detail: "a credential sets a part of something that is not an object in the file")
      }
      origins.append("\(directory)/\(key)")
    }
  }
}
