internal import Glibc
internal import Primitives
internal import Transport

/// One data folder and the environment that the program was started in. Its configuration comes from the file, then systemd's
/// credentials, then the environment, the later over the earlier.
struct Installation: Sendable {
  let folder: DataFolder
  let environment: [String: String]
  private static let fileLimit = 1024 * 1024

  /// The configuration, and what came out with defaults filled in and secrets hidden.
  struct Loaded: Sendable {
    let configuration: Configuration
    let effective: SettingsValue
    /// What the configuration was read from, for people.
    let origins: [String]
  }

  func load() throws -> Loaded {
    var origins: [String] = []
    var members = try file(&origins)
    let keys = try KnownKeys()
    try CredentialFiles(environment: environment).apply(to: &members, keys: keys, origins: &origins)
    try EnvironmentOverrides(environment).apply(to: &members, keys: keys, origins: &origins)
    let reader = SettingsReader(members) { [self] name throws(SettingsError) in
      do throws(Refusal) {
        return try FileBytes.read(path(name), limit: Self.fileLimit)
      } catch {
        throw SettingsError(path: "", detail: error.description)
      }
    }
    let configuration = try Configuration(from: reader)
    try reader.finish()
    return Loaded(configuration: configuration, effective: .object(reader.effective), origins: origins)
  }

  /// The TLS of the public listener and of the one for operations, their paths resolved.
  func security(_ configuration: Configuration) -> ListenerSecurity.Settings {
    var world = configuration.tls.resolved(path)
    world.host = configuration.service.securedHost
    return ListenerSecurity.Settings(world: world, operations: configuration.operations.tls.resolved(path))
  }

  /// Relative paths count from the data folder; `${CREDENTIALS_DIRECTORY}/name` is a credential of systemd's (LoadCredential=).
  private func path(_ text: String) -> String {
    let prefix = "${CREDENTIALS_DIRECTORY}/"
    if text.hasPrefix(prefix), let directory = environment["CREDENTIALS_DIRECTORY"] {
      return directory + "/" + text.dropFirst(prefix.count)
    }
    return text.hasPrefix("/") ? text : "\(folder.path)/\(text)"
  }

  private func file(_ origins: inout [String]) throws -> [String: SettingsValue] {
    let path = folder.configurationPath
    guard FileBytes.exists(path) || folder.isConfigurationNamed else { return [:] }
    origins.append(path)
    let value: SettingsValue
    do {
      value = try JSON5Parser.parse(try FileBytes.read(path, limit: Self.fileLimit))
    } catch let error as JSON5Error {
      throw Refusal("\(path), \(error)")
    }
    guard case .object(let members) = value else { throw Refusal("\(path): expected an object: { … }") }
    return members
  }
}

/// Every key of the configuration with its default, in dotted form, found by reading an empty one.
struct KnownKeys: Sendable {
  let defaults: [String: SettingsValue]

  init() throws(SettingsError) {
    let reader = SettingsReader([:]) { path throws(SettingsError) in throw SettingsError(path: "", detail: "\(path): not read here") }
    _ = try Configuration(from: reader)
    var found: [String: SettingsValue] = [:]
    Self.collect(reader.effective, below: "", into: &found)
    defaults = found
  }

  /// Keys that hold a secret: those that can also be given as `…File`.
  var secrets: [String] { defaults.keys.filter { defaults[$0 + "File"] != nil }.sorted() }

  /// `passwordFile` for `password` and the other way round; `nil` for a key that is no secret.
  func otherForm(ofSecret key: String) -> String? {
    if secrets.contains(key) { return key + "File" }
    let plain = String(key.dropLast(4))
    return key.hasSuffix("File") && secrets.contains(plain) ? plain : nil
  }

  /// Adds `members`, those of objects too, by their dotted names.
  static func collect(_ members: [String: SettingsValue], below path: String, into found: inout [String: SettingsValue]) {
    for (key, value) in members {
      let name = path.isEmpty ? key : "\(path).\(key)"
      if case .object(let inner) = value { collect(inner, below: name, into: &found) }
      found[name] = value
    }
  }
}

extension [String: SettingsValue] {
  /// Sets a dotted key, making the objects on the way; `false` where something else stands in the way.
  mutating func set(_ path: some Collection<Substring>, _ value: SettingsValue) -> Bool {
    guard let first = path.first else { return false }
    let key = String(first)
    guard path.count > 1 else {
      self[key] = value
      return true
    }
    var inner: [String: SettingsValue] = [:]
    if let found = self[key], found != .null {
      guard case .object(let members) = found else { return false }
      inner = members
    }
    guard inner.set(path.dropFirst(), value) else { return false }
    self[key] = .object(inner)
    return true
  }
}
