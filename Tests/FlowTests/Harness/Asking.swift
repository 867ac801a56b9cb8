import Telemetry
import Testing

@testable import CredentialFlow

/// The configuration's `authz.rules` for a test, and questions as gateways ask them.
enum Rules {
  static func of(_ rules: String...) -> [String: String] { ["authz.rules": "[\(rules.joined(separator: ","))]"] }
}

extension World {
  static func bearer(_ token: String) -> (String, String) { ("Authorization", "Bearer \(token)") }

  /// As nginx asks.
  func nginx(_ rule: String? = nil, _ headers: (String, String)...) throws -> Answer {
    try call("GET", "/authz/nginx" + (rule.map { "/\($0)" } ?? ""), headers)
  }

  /// The three headers of nginx, for a question without a name.
  static func original(_ method: String, _ host: String, _ uri: String) -> [(String, String)] {
    [("X-Original-Method", method), ("X-Original-Host", host), ("X-Original-URI", uri)]
  }
}

extension Answer {
  /// Status and reason, in one word for comparing: `200`, `403 no_rule`.
  var decision: String { status == 200 ? "200" : "\(status) \(self["X-Authz-Reason"] ?? "-")" }

  static let identityNames = ["Subject", "Username", "Session", "Client", "Roles", "Permissions", "AMR", "ACR", "Actor", "Token"].map {
    "X-Auth-\($0)"
  }

  /// The ten headers, each of which has to stand exactly once.
  func identity() throws -> [String: String] {
    var found: [String: String] = [:]
    for name in Self.identityNames {
      let values = headers.filter { $0.name == name }.map(\.value)
      try #require(values.count == 1, "\(name): \(values)")
      found[String(name.dropFirst(7))] = values[0]
    }
    return found
  }
}

extension World {
  /// The log's lines that hold `text`, as soon as there are `count` of them: a loop hands them over after the turn in which it answered.
  func logged(_ text: String, atLeast count: Int) async -> [String] {
    while true {
      application.log.flush()
      let lines = log.lines.filter { $0.contains(text) }
      if lines.count >= count { return lines }
      await Task.yield()
    }
  }
}
