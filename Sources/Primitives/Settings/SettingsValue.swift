/// A configuration file as a tree, before any module has looked at it.
package indirect enum SettingsValue: Sendable, Equatable {
  case null
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([SettingsValue])
  case object([String: SettingsValue])
}

/// A module's slice of the configuration, declared beside the code that reads it. Every key has a default.
package protocol Settings: Sendable {
  init(from reader: SettingsReader) throws(SettingsError)
}

/// Where the configuration is wrong and what to write instead.
package struct SettingsError: Error, Equatable, CustomStringConvertible {
  /// Dotted, as in `tokens.accessLifetime`.
  package let path: String
  package let detail: String

  package init(path: String, detail: String) {
    self.path = path
    self.detail = detail
  }

  package var description: String { path.isEmpty ? detail : "\(path): \(detail)" }
}
