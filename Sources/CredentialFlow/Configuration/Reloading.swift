internal import Identity
internal import Primitives
internal import Server

extension Application {
  /// What a reload came to.
  struct Reloaded: Equatable {
    /// How many rules are in force.
    let rules: Int
    /// Changed keys that the running server does not follow: a restart does.
    let waiting: [String]
  }

  /// Reads the configuration anew and puts `authz.rules`, `authz.gateways` and `proxies` in force, both whole, before the next decision. Throws
  /// what is wrong with it, anywhere in it; then everything stays as it was.
  func reload() throws -> Reloaded {
    let configuration = try installation.load().configuration
    rules.replace(with: RuleSet(configuration.authz))
    proxies.replace(configuration.proxies)
    let followed = ["authz.rules", "authz.gateways", "proxies"]
    let waiting = Self.leaves(configuration.effective, self.configuration.effective).filter { !followed.contains($0) }
    return Reloaded(rules: configuration.authz.rules.count, waiting: waiting)
  }

  /// The dotted names of what differs, sorted.
  private static func leaves(_ left: SettingsValue, _ right: SettingsValue, below path: String = "") -> [String] {
    guard case .object(let left) = left, case .object(let right) = right else { return left == right ? [] : [path] }
    return Set(left.keys).union(right.keys).sorted().flatMap { key in
      leaves(left[key] ?? .null, right[key] ?? .null, below: path.isEmpty ? key : "\(path).\(key)")
    }
  }
}
