internal import JSON
internal import Primitives
internal import Telemetry

/// `config check` and `config print`: what the server would run with, before it runs.
enum ConfigCommands {
  static let rows = [
    Command(
      "config check", "Says whether the configuration is right",
      examples: ["config check", "config check --config ./credentialflow.json5"],
      action: .folder { invocation, console, installation in
        let loaded = try installation.load()
        try loaded.configuration.refuseOneAddressForBoth()
        _ = try installation.templates()
        // Certificates and keys are opened, as 'serve' opens them.
        let security = try ListenerSecurity(installation.security(loaded.configuration), log: .discarding, now: .system)
        for warning in security.warnings { console.note("warning: \(warning)") }
        if invocation.isJSON {
          console.json {
            $0.object {
              $0.member("valid", true)
              $0.member("read", loaded.origins)
              $0.member("warnings", security.warnings)
            }
          }
        } else {
          console.line(
            "the configuration is right; read from: \(loaded.origins.isEmpty ? "defaults" : loaded.origins.joined(separator: ", "))")
        }
        return .done
      }),
    Command(
      "config print", "Prints the effective configuration, secrets hidden",
      examples: ["config print", "config print --json"],
      action: .folder { invocation, console, installation in
        let effective = try installation.load().effective
        if invocation.isJSON {
          console.json { $0.settings(effective) }
        } else {
          console.line(SettingsText.json5(effective))
        }
        return .done
      }),
  ]
}

extension JSONWriter {
  fileprivate mutating func settings(_ value: SettingsValue) {
    switch value {
    case .null: null()
    case .boolean(let value): boolean(value)
    case .integer(let value): integer(value)
    case .number(let value): raw("\(value)".utf8)
    case .string(let text): string(text)
    case .array(let items): array(items) { $0.settings($1) }
    case .object(let members):
      object { json in
        for key in members.keys.sorted() { json.member(key) { $0.settings(members[key] ?? .null) } }
      }
    }
  }
}

/// Settings as a person writes them: bare names, one to a line.
enum SettingsText {
  static func json5(_ value: SettingsValue, indentation: String = "") -> String {
    let inner = indentation + "  "
    switch value {
    case .object(let members) where !members.isEmpty:
      let lines = members.keys.sorted().map { "\(inner)\($0): \(json5(members[$0] ?? .null, indentation: inner))," }
      return "{\n\(lines.joined(separator: "\n"))\n\(indentation)}"
    case .array(let items) where items.contains { if case .object = $0 { true } else { false } }:
      let lines = items.map { "\(inner)\(json5($0, indentation: inner))," }
      return "[\n\(lines.joined(separator: "\n"))\n\(indentation)]"
    default:
      var json = JSONWriter()
      json.settings(value)
      return String(decoding: json.bytes, as: UTF8.self)
    }
  }
}
