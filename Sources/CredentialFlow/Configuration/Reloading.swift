internal import Identity
internal import Primitives
internal import Server
internal import Transport

extension Application {
  /// What a reload came to.
  struct Reloaded {
    /// How many rules are in force.
    let rules: Int
    /// Changed keys that the running server does not follow: a restart does.
    let waiting: [String]
    /// What the listeners' TLS is to be.
    let security: ListenerSecurity.Settings
  }

  /// Reads the configuration anew and puts `authz.rules`, `authz.gateways` and `proxies` in force, both whole, before the next decision. Throws
  /// what is wrong with it, anywhere in it; then everything stays as it was.
  func reload() throws -> Reloaded {
    let configuration = try installation.load().configuration
    rules.replace(with: RuleSet(configuration.authz))
    proxies.replace(configuration.proxies)
    let followed = ["authz.rules", "authz.gateways", "proxies"] + followedSecurity(configuration)
    let waiting = Self.leaves(configuration.effective, self.configuration.effective).filter { !followed.contains($0) }
    return Reloaded(rules: configuration.authz.rules.count, waiting: waiting, security: installation.security(configuration))
  }

  /// Certificates are followed; whether a listener speaks TLS at all is not.
  private func followedSecurity(_ changed: Configuration) -> [String] {
    var sections: [String] = []
    if changed.tls.isEnabled == configuration.tls.isEnabled { sections.append("tls") }
    if changed.operations.tls.isEnabled == configuration.operations.tls.isEnabled { sections.append("operations.tls") }
    let keys = [
      "certificates", "clientCA", "clientCertificate", "handshakes", "handshakesPerAddress", "handshakeTimeout",
    ]
    return sections.flatMap { section in keys.map { "\(section).\($0)" } }
  }

  /// The dotted names of what differs, sorted.
  private static func leaves(_ left: SettingsValue, _ right: SettingsValue, below path: String = "") -> [String] {
    guard case .object(let left) = left, case .object(let right) = right else { return left == right ? [] : [path] }
    return Set(left.keys).union(right.keys).sorted().flatMap { key in
      leaves(left[key] ?? .null, right[key] ?? .null, below: path.isEmpty ? key : "\(path).\(key)")
    }
  }
}
