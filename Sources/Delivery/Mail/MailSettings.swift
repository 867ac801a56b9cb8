package import Primitives

/// The configuration's `mail`.
package struct MailSettings: Settings {
  /// `nil` where no mail is sent.
  package let server: MailServer?
  package let from: MailSenderName
  package let language: Language
  /// Mails that may wait in the outbox; past it no more are taken in.
  package let queue: Int

  package init(from reader: SettingsReader) throws(SettingsError) {
    let url = try reader.string("url", default: "")
    let sender = try reader.string("from", default: "CredentialFlow <noreply@localhost.localdomain>")
    language = try reader.choice("language", default: .en)
    queue = try reader.integer("queue", default: 100_000, in: 100...10_000_000)
    let server = try MailServer(url, from: reader)
    self.server = url.isEmpty ? nil : server
    guard let from = MailSenderName(sender) else {
      throw reader.wrong("from", "expected an address, or 'Name <address>' without quotes, found '\(sender)'")
    }
    self.from = from
    guard url.isEmpty || reader.has("from") else {
      throw reader.wrong("from", "say who mail comes from, such as 'Example <noreply@example.com>'")
    }
  }
}

/// The server that takes our mail, and how to reach it.
package struct MailServer: Sendable {
  package enum Security: String, Sendable, CaseIterable {
    /// Plain at first; nothing is said before the connection is encrypted.
    case starttls
    /// Encrypted from the beginning.
    case tls
    case none
  }

  /// `smtp://host[:port]` or `smtps://host[:port]`.
  let url: String
  let security: Security
  let username: String
  let password: Secret?
  let limits: TransferLimits
  /// Connections at once, each of which sends one mail after the other.
  package let connections: Int

  fileprivate init(_ url: String, from reader: SettingsReader) throws(SettingsError) {
    let named = try reader.string("security", default: "")
    username = try reader.string("username", default: "")
    password = try reader.secret("password")
    connections = try reader.integer("connections", default: 4, in: 1...64)
    limits = TransferLimits(
      connectTimeout: try reader.duration("connectTimeout", default: .seconds(10), in: .milliseconds(100) ... .seconds(60)),
      timeout: try reader.duration("timeout", default: .seconds(30), in: .milliseconds(200) ... .seconds(60)),
      caFile: try reader.string("caFile", default: ""))
    let isTLS = url.hasPrefix("smtps://")
    guard named.isEmpty || Security(rawValue: named) != nil else { throw reader.wrong("security", "expected starttls, tls or none") }
    security = Security(rawValue: named) ?? (isTLS ? .tls : .starttls)
    self.url = url
    guard !url.isEmpty else { return }
    guard isTLS || url.hasPrefix("smtp://"), let host = Self.host(url.dropFirst(isTLS ? 8 : 7)) else {
      throw reader.wrong("url", "expected smtp://HOST:PORT or smtps://HOST:PORT, without a user or a path, found '\(url)'")
    }
    guard isTLS == (security == .tls) else { throw reader.wrong("security", "smtps:// is 'tls'; smtp:// is 'starttls' or 'none'") }
    guard username.isEmpty == (password == nil) else { throw reader.wrong("username", "set username and password, or neither") }
    guard username.utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else { throw reader.wrong("username", "expected no control characters") }
    guard username.isEmpty || security != .none || host == "127.0.0.1" || host == "localhost" || host == "[::1]" else {
      throw reader.wrong("security", "a password is not sent in the clear; take 'starttls' or 'tls'")
    }
  }

  /// `nil` where more than a host and a port stand there.
  private static func host(_ authority: Substring) -> Substring? {
    let port = authority.lastIndex(of: ":").flatMap { authority[$0...].contains("]") ? nil : $0 }
    if let port, UInt16(authority[authority.index(after: port)...]) == nil { return nil }
    let host = authority[..<(port ?? authority.endIndex)]
    let isName =
      !host.isEmpty
      && host.utf8.allSatisfy {
        "-.[:]".utf8.contains($0) || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
      }
    return isName ? host : nil
  }
}

/// The languages that messages are written in.
package enum Language: String, Sendable, CaseIterable {
  case en, de
}
