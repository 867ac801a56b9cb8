package import Primitives

/// The configuration's `links`: where the links in mails and invitations lead. From here alone, never from what a request says.
package struct LinkSettings: Settings {
  /// Each with `{code}`; empty for a page of this server.
  let templates: [Links.Kind: String]

  package init(from reader: SettingsReader) throws(SettingsError) {
    var templates: [Links.Kind: String] = [:]
    for kind in Links.Kind.allCases {
      let template = try reader.string(kind.rawValue, default: "")
      guard template.isEmpty || Self.isTemplate(template) else {
        throw reader.wrong(kind.rawValue, "expected an http or https address with {code} in it, found '\(template)'")
      }
      templates[kind] = template
    }
    self.templates = templates
  }

  private static func isTemplate(_ text: String) -> Bool {
    (text.hasPrefix("https://") || text.hasPrefix("http://")) && text.utf8.count <= 500
      && text.split(separator: "{code}", omittingEmptySubsequences: false).count == 2
      && text.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "<") }
  }
}

/// Links that carry a one-time code. By default the code stands in the fragment, which no server is sent and no log holds.
package struct Links: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case invitation
    case recovery
    case verification
    case registration
  }

  private let settings: LinkSettings
  private let publicURL: String

  package init(settings: LinkSettings, publicURL: String) {
    self.settings = settings
    self.publicURL = publicURL
  }

  package func url(_ kind: Kind, code: String) -> String {
    let configured = settings.templates[kind] ?? ""
    guard !configured.isEmpty else { return "\(publicURL)/\(kind.rawValue)#code=\(code)" }
    let parts = configured.split(separator: "{code}", omittingEmptySubsequences: false)
    return parts.joined(separator: code)
  }
}
