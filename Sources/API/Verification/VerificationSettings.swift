package import Primitives

/// The configuration's `verification`: one more header that calls under `/auth` must bring, by default `X-Custom-Header`.
package struct VerificationSettings: Settings {
  package enum Rule: String, CaseIterable, Sendable {
    case off
    /// The header holds one of `secrets`.
    case sharedSecret = "shared-secret"
    /// The header holds `t=<unix>,v1=<hex>`, an HMAC-SHA256 under one of `secrets` over time, method, path and body.
    case hmac = "hmac-sha256"
    /// The header matches `pattern` as a whole.
    case pattern
  }

  package let header: String
  package let rule: Rule
  package let secrets: [Secret]
  /// There where the rule is `pattern`.
  let pattern: HeaderPattern?
  /// Paths that need it; empty for every call under `/auth`.
  package let paths: [String]

  package init(from reader: SettingsReader) throws(SettingsError) {
    header = try reader.string("header", default: "X-Custom-Header")
    rule = try reader.choice("rule", default: .off)
    secrets = try reader.secrets("secrets")
    let pattern = try reader.string("pattern", default: "")
    paths = try reader.strings("paths", default: [])
    guard !header.isEmpty, header.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || Self.isAlphanumeric($0) }) else {
      throw reader.wrong("header", "expected a header name of letters, digits and '-'")
    }
    if rule == .sharedSecret || rule == .hmac {
      guard !secrets.isEmpty else { throw reader.wrong("secrets", "the rule '\(rule.rawValue)' needs at least one secret") }
      guard secrets.allSatisfy({ $0.count >= 16 }) else { throw reader.wrong("secrets", "a secret has at least 16 bytes") }
    }
    self.pattern = rule == .pattern ? try Self.compiled(pattern, reader) : nil
  }

  private static func compiled(_ pattern: String, _ reader: SettingsReader) throws(SettingsError) -> HeaderPattern {
    guard !pattern.isEmpty else { throw reader.wrong("pattern", "expected a regular expression") }
    do {
      return try HeaderPattern(pattern)
    } catch {
      throw reader.wrong("pattern", "not a regular expression: \(error.reason) (at byte \(error.offset))")
    }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte | 0x20 {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
  }
}
