internal import Cryptography
internal import Identity
internal import JSON
internal import Primitives
internal import Tokens

/// `rule …`: what the rules of decisions say, and why.
enum RuleCommands {
  static let rows = [list, explain]

  private static let list = Command(
    "rule list", "Lists the rules in force, in the order in which they are tried", examples: ["rule list"],
    action: .application { invocation, console, application in
      let rules = application.rules.current.rules
      if invocation.isJSON {
        console.json { json in json.array(rules) { $0.rule($1) } }
      } else {
        console.table(["RULE", "REQUESTS", "NEEDS"], rules.map { [$0.name, $0.requests, $0.needs] })
      }
      return .done
    })

  private static let explain = Command(
    "rule explain", "Says which rule a request meets and what it decides, without asking anybody",
    arguments: [Command.Argument("METHOD", "such as GET"), Command.Argument("URL", "such as https://api.example.com/v1/models")],
    options: [
      .value("token", "TOKEN", "the access token that the request brings"), .value("key", "KEY", "the API key that the request brings"),
      .value("rule", "NAME", "the rule that the gateway names; else the first that matches"),
    ],
    examples: ["rule explain GET https://api.example.com/v1/models", "rule explain GET https://api.example.com/x --token eyJ…"],
    action: .application { invocation, console, application in
      if let name = invocation.value("rule"), !application.rules.current.rules.contains(where: { $0.name == name }) {
        throw Refusal("there is no rule '\(name)', and a gateway that names it is refused; 'rule list' shows them")
      }
      let method = try invocation.argument("METHOD")
      if method != method.uppercased() { console.note("methods are told apart by case: '\(method)' is not \(method.uppercased())") }
      let (host, target) = try split(try invocation.argument("URL"), invocation)
      let request = OriginalRequest(method: Array(method.utf8)[...], host: host, target: target)
      let explanation = RuleExplanation(
        application.rules.current, named: invocation.value("rule"), request, by: try await sender(invocation, application),
        issuer: application.tokens.issuer, at: application.now())
      if invocation.isJSON {
        console.json { $0.explanation(explanation) }
      } else {
        for line in explanation.lines { console.line(line) }
      }
      return .done
    })

  /// Authority and path of an absolute URL, as the request would have them.
  private static func split(
    _ text: String, _ invocation: Invocation
  ) throws(UsageError) -> (host: ArraySlice<UInt8>, target: ArraySlice<UInt8>) {
    for scheme in ["https://", "http://"] where text.hasPrefix(scheme) {
      let rest = Array(text.utf8.dropFirst(scheme.utf8.count))
      let end = rest.firstIndex { "/?#".utf8.contains($0) } ?? rest.endIndex
      let target = rest[end...]
      return (rest[..<end], target.first == UInt8(ascii: "/") ? target : [UInt8(ascii: "/")] + target)
    }
    throw invocation.wrong("'\(text)' is no URL; write it whole, such as https://api.example.com/v1/models")
  }

  private static func sender(_ invocation: Invocation, _ application: Application) async throws -> RuleExplanation.Sender {
    if let token = invocation.value("token") {
      guard !invocation.has("key") else { throw invocation.wrong("give either --token or --key") }
      let claims: Claims
      do throws(TokenError) {
        claims = try application.tokens.verify(Array(token.utf8)).claims
      } catch {
        return .refused(error == .expired ? .expired : .invalidToken)
      }
      return try await application.gate.standing(of: claims).map { .known(Principal(claims, $0)) } ?? .refused(.revoked)
    }
    guard let key = invocation.value("key") else { return .nobody }
    guard let credential = OpaqueCredential(anyKey: key.utf8),
      let standing = try await application.gate.standing(anyKey: credential)
    else { return .refused(.invalidToken) }
    return .known(Principal(keyOf: standing))
  }
}

extension Rule {
  fileprivate var requests: String {
    let parts = [hosts.map(\.description), methods, paths.map(\.description)].filter { !$0.isEmpty }
    return parts.isEmpty ? "any" : parts.map { $0.joined(separator: ",") }.joined(separator: " ")
  }

  fileprivate var needs: String {
    guard !isAnonymous else { return "nothing" }
    var needs = permissions.map(\.description)
    if !anyPermission.isEmpty { needs.append("one of " + anyPermission.map(\.description).joined(separator: " ")) }
    if let role { needs.append("role \(role)") }
    if let audience { needs.append("audience \(audience)") }
    if let acr { needs.append(acr.rawValue) }
    if let maxAge { needs.append("a sign-in of the last \(maxAge.inSeconds) s") }
    return needs.isEmpty ? "a live credential" : needs.joined(separator: ", ")
  }
}

extension RuleExplanation {
  fileprivate var lines: [String] {
    skipped.map { "not \($0.rule): \($0.why)" } + [
      rule.map { "rule \($0)" } ?? "no rule",
      denial.map { "denied: \($0.reason.rawValue) (WWW-Authenticate: \($0.challenge))" } ?? "passes",
    ]
  }
}

extension JSONWriter {
  fileprivate mutating func rule(_ rule: Rule) {
    object { json in
      json.member("name", rule.name)
      json.member("hosts", rule.hosts.map(\.description))
      json.member("methods", rule.methods)
      json.member("paths", rule.paths.map(\.description))
      json.member("needs", rule.needs)
    }
  }

  fileprivate mutating func explanation(_ explanation: RuleExplanation) {
    object { json in
      json.member("skipped") { json in
        json.array(explanation.skipped) { json, skipped in
          json.object { json in
            json.member("rule", skipped.rule)
            json.member("why", skipped.why)
          }
        }
      }
      json.member("rule", ifPresent: explanation.rule)
      json.member("decision", explanation.denial == nil)
      json.member("reason", ifPresent: explanation.denial?.reason.rawValue)
      json.member("challenge", ifPresent: explanation.denial?.challenge)
    }
  }
}
