package import Primitives

/// The configuration's `registration`: whether people may make accounts for themselves.
package struct RegistrationSettings: Settings {
  package let isEnabled: Bool
  /// What stands behind the `@` of addresses, such as `example.com`; empty for any.
  package let domains: [String]
  /// What a new account holds.
  package let roles: [String]

  package init(from reader: SettingsReader) throws(SettingsError) {
    isEnabled = try reader.boolean("enabled", default: false)
    domains = try reader.strings("domains", default: []).map { $0.lowercased() }
    for domain in domains where !ContactRule.isEmail("a@\(domain)") {
      throw reader.wrong("domains", "'\(domain)' is not a domain such as example.com")
    }
    roles = try reader.strings("roles", default: [])
    for role in roles where !Role.isName(role) { throw reader.wrong("roles", "'\(role)' is not the name of a role") }
  }
}
