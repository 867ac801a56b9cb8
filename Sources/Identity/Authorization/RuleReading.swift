package import Primitives

/// One rule as the configuration has it.
extension Rule: Settings {
  package init(from reader: SettingsReader) throws(SettingsError) {
    let name = try reader.string("name", default: "")
    guard Role.isName(name) else {
      throw reader.wrong("name", "a rule needs a name of 1 to 64 letters, digits and ._-, beginning with a letter or digit")
    }
    let maxAge = try reader.has("maxAge") ? reader.duration("maxAge", default: .zero, in: .seconds(1)...(.days(365))) : nil
    if maxAge == nil { _ = try reader.stringIfPresent("maxAge") }
    self.init(
      name: name,
      hosts: try Self.read(reader, "hosts", as: "a host such as api.example.com or *.example.com, without a port") { HostPattern($0) },
      methods: try Self.read(reader, "methods", as: "a method such as GET") { OriginalRequest.isMethod($0.utf8) ? $0 : nil },
      paths: try Self.read(reader, "paths", as: "a path such as /models/*/files or /files/**, decoded and in one spelling") {
        PathPattern($0)
      },
      permissions: try Self.templates(reader, "permissions"), anyPermission: try Self.templates(reader, "anyPermission"),
      role: try Self.name(reader, "role", as: "the name of a role") { Role.isName($0) },
      audience: try Self.name(reader, "audience", as: "one audience") { Application.isAudience($0) }, maxAge: maxAge,
      acr: try Self.level(reader), isAnonymous: try reader.boolean("anonymous", default: false),
      identityAudience: try Self.name(reader, "identityToken", as: "the audience of the service behind") { Application.isAudience($0) },
      signInURL: try Self.name(reader, "signInURL", as: "an http or https address without a fragment") { SignInPage.isAddress($0) })
    try checkTogether(reader)
  }

  private func checkTogether(_ reader: SettingsReader) throws(SettingsError) {
    let asksNothing = permissions.isEmpty && anyPermission.isEmpty && role == nil && audience == nil && maxAge == nil && acr == nil
    guard !isAnonymous || asksNothing else {
      throw reader.wrong("anonymous", "this lets everybody pass, so nothing else can be asked; write two rules")
    }
    let captures = paths.map(\.captureCount).min() ?? 0
    for (key, templates) in [("permissions", permissions), ("anyPermission", anyPermission)] {
      for template in templates where template.captureCount > captures {
        throw reader.wrong(key, "'\(template)' needs \(template.captureCount) '*' in every one of the rule's paths")
      }
    }
  }

  private static func templates(_ reader: SettingsReader, _ key: String) throws(SettingsError) -> [PermissionTemplate] {
    try read(reader, key, as: "a permission such as invoices:read or models/{1}:invoke") { PermissionTemplate($0) }
  }

  private static func read<Element>(
    _ reader: SettingsReader, _ key: String, as expected: String, _ parse: (String) -> Element?
  ) throws(SettingsError) -> [Element] {
    var elements: [Element] = []
    for (index, text) in try reader.strings(key, default: []).enumerated() {
      guard let element = parse(text) else { throw reader.wrong("\(key)[\(index)]", "expected \(expected), found '\(text)'") }
      elements.append(element)
    }
    return elements
  }

  private static func name(
    _ reader: SettingsReader, _ key: String, as expected: String, _ isGood: (String) -> Bool
  ) throws(SettingsError) -> String? {
    guard let text = try reader.stringIfPresent(key) else { return nil }
    guard isGood(text) else { throw reader.wrong(key, "expected \(expected), found '\(text)'") }
    return text
  }

  private static func level(_ reader: SettingsReader) throws(SettingsError) -> AuthenticationLevel? {
    guard let text = try reader.stringIfPresent("acr") else { return nil }
    guard let level = AuthenticationLevel(rawValue: text) else {
      throw reader.wrong("acr", "expected one of aal1, aal2, aal3, found '\(text)'")
    }
    return level
  }
}

/// The configuration's `authz`.
package struct DecisionSettings: Settings {
  package let rules: [Rule]
  /// Whose word on the original request is taken, and who may ask at all.
  package let gateways: [IPNetwork]
  /// Credentials remembered by each event loop.
  package let cacheSize: Int

  package init(from reader: SettingsReader) throws(SettingsError) {
    rules = try reader.list("rules", of: Rule.self, default: [.object(["name": .string(Rule.authenticated.name)])])
    let names = rules.map(\.name)
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      throw reader.wrong("rules[\(index)].name", "'\(name)' is the name of another rule already")
    }
    var networks: [IPNetwork] = []
    for (index, text) in try reader.strings("gateways", default: ["127.0.0.0/8", "::1"]).enumerated() {
      guard let network = IPNetwork(text) else {
        throw reader.wrong("gateways[\(index)]", "expected an address or a network such as 10.0.0.0/8, found '\(text)'")
      }
      networks.append(network)
    }
    gateways = networks
    cacheSize = try reader.integer("cacheSize", default: 8_192, in: 16...1_048_576)
  }
}
