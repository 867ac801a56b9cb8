import Primitives
import Testing

@testable import Identity

@Suite("Decisions")
struct DecisionTests {
  static let issuer = "https://auth.example.com"
  static let now = Instant(unixSeconds: 1_800_000_000)

  static func principal(
    roles: [String] = ["clerk"], permissions: [String] = [], audiences: [String]? = [issuer], age: Int? = 60,
    level: AuthenticationLevel? = .aal2, username: String = "ada"
  ) -> Principal {
    Principal(
      subject: "0190a000-0000-7000-8000-000000000001", username: username, session: "s", clientID: "c",
      active: ActiveRoles.made(roles: roles, permissions: permissions), authenticatedAt: age.map { now - .seconds($0) },
      methods: ["pwd", "otp", "mfa"], level: level, audiences: audiences)
  }

  private func outcome(_ rule: Rule, _ principal: Principal = principal()) -> (DenialReason, String)? {
    switch Decision.of(rule, Rule.Match(), nil, principal, issuer: Self.issuer, at: Self.now) {
    case .pass: nil
    case .denied(let denial): (denial.reason, denial.challenge)
    }
  }

  private func templates(_ texts: String...) -> [PermissionTemplate] { texts.compactMap { PermissionTemplate($0) } }

  @Test("a rule that asks for nothing lets every live credential pass")
  func authenticated() { #expect(outcome(.authenticated) == nil) }

  @Test("all permissions are needed, wildcards held count, and the challenge names what is needed")
  func permissions() throws {
    let rule = Rule(name: "r", permissions: templates("invoices:read", "invoices/2026:read"))
    #expect(outcome(rule, Self.principal(permissions: ["invoices:read", "invoices/*:read"])) == nil)
    #expect(outcome(rule, Self.principal(permissions: ["**:read"])) == nil)
    let denial = try #require(outcome(rule, Self.principal(permissions: ["invoices:read"])))
    #expect(denial.0 == .insufficientPermission)
    #expect(denial.1 == #"Bearer error="insufficient_scope", scope="invoices:read invoices/2026:read""#)
  }

  @Test("one of anyPermission is enough, none is not")
  func anyPermission() throws {
    let rule = Rule(name: "r", anyPermission: templates("a:b", "c:d"))
    #expect(outcome(rule, Self.principal(permissions: ["c:d"])) == nil)
    let denial = try #require(outcome(rule))
    #expect(denial.0 == .insufficientPermission && denial.1 == #"Bearer error="insufficient_scope""#)
  }

  @Test("a template without its path, or with a capture of another alphabet, denies")
  func template() throws {
    let rule = Rule(name: "r", paths: [try #require(PathPattern("/m/*"))], permissions: templates("m/{1}:invoke"))
    #expect(outcome(rule, Self.principal(permissions: ["**:invoke"]))?.0 == .insufficientPermission)
    for (target, passes) in [("/m/gpt", true), ("/m/GPT", false), ("/m/a%20b", false), ("/m/*", false)] {
      let path = try OriginalPath(Array(target.utf8)[...])
      guard case .success(let match) = rule.match(OriginalRequest(path: .given(path))) else { throw AmbiguousPath() }
      let decision = Decision.of(rule, match, path, Self.principal(permissions: ["**:invoke"]), issuer: Self.issuer, at: Self.now)
      if case .pass = decision { #expect(passes, "\(target)") } else { #expect(!passes, "\(target)") }
    }
  }

  @Test("a role that is not active denies")
  func role() {
    #expect(outcome(Rule(name: "r", role: "clerk")) == nil)
    #expect(outcome(Rule(name: "r", role: "boss"))?.0 == .insufficientRole)
  }

  @Test("a token is taken if it is meant for this server or for the rule's audience; a key is meant for this server")
  func audience() {
    let rule = Rule(name: "r", audience: "https://api")
    #expect(outcome(rule, Self.principal(audiences: ["https://api"])) == nil)
    #expect(outcome(rule, Self.principal(audiences: [Self.issuer])) == nil)
    #expect(outcome(rule, Self.principal(audiences: nil)) == nil)
    #expect(outcome(rule, Self.principal(audiences: ["https://other"]))?.0 == .wrongAudience)
    #expect(outcome(Rule(name: "r"), Self.principal(audiences: ["https://api"]))?.0 == .wrongAudience)
  }

  @Test("an old or weak sign-in is sent back with what RFC 9470 says to ask for")
  func freshness() throws {
    let rule = Rule(name: "r", maxAge: .seconds(300), acr: .aal2)
    #expect(outcome(rule, Self.principal(age: 300)) == nil)
    #expect(outcome(rule, Self.principal(age: 301))?.0 == .reauthenticationRequired)
    #expect(outcome(rule, Self.principal(age: 301))?.1 == #"Bearer error="insufficient_user_authentication", max_age="300""#)
    #expect(outcome(rule, Self.principal(level: .aal1))?.0 == .stepUpRequired)
    #expect(outcome(rule, Self.principal(level: .aal1))?.1 == #"Bearer error="insufficient_user_authentication", acr_values="aal2""#)
    let both = try #require(outcome(rule, Self.principal(age: nil, level: nil)))
    #expect(both.0 == .stepUpRequired && both.1.contains("acr_values") && both.1.contains("max_age"))
    #expect(outcome(Rule(name: "r", acr: .aal2), Self.principal(level: .aal3)) == nil)
  }

  @Test("what signing in again cannot mend is said first")
  func order() {
    let rule = Rule(name: "r", permissions: templates("a:b"), role: "boss", maxAge: .seconds(1))
    #expect(outcome(rule, Self.principal(audiences: ["x"]))?.0 == .wrongAudience)
    #expect(outcome(rule)?.0 == .insufficientRole)
    #expect(outcome(rule, Self.principal(roles: ["boss"]))?.0 == .insufficientPermission)
    #expect(outcome(rule, Self.principal(roles: ["boss"], permissions: ["a:b"]))?.0 == .reauthenticationRequired)
  }

  @Test("a challenge has an error only where a credential was sent")
  func challenges() {
    #expect(Denial(.noCredentials, hasCredential: false).challenge == "Bearer")
    #expect(Denial(.noRule, hasCredential: false).challenge == "Bearer")
    #expect(Denial(.noRule, hasCredential: true).challenge == #"Bearer error="insufficient_scope""#)
    for reason in [DenialReason.invalidToken, .expired, .revoked] {
      #expect(Denial(reason, hasCredential: true).challenge == #"Bearer error="invalid_token""#)
    }
  }
}

@Suite("Identity headers")
struct IdentityHeaderTests {
  static let names = ["Subject", "Username", "Session", "Client", "Roles", "Permissions", "AMR", "ACR", "Actor", "Token"].map {
    "X-Auth-\($0)"
  }

  private func fields(_ principal: Principal?, token: String = "") throws -> [String: String] {
    let bytes = IdentityHeaders.fields(of: principal, token: token)
    #expect(bytes.count <= IdentityHeaders.mostBytes && bytes.suffix(2) == [13, 10])
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
    #expect(lines.map { String($0.prefix { $0 != ":" }) } == Self.names)
    return Dictionary(
      uniqueKeysWithValues: lines.map { line in
        let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
        return (parts[0], String(parts[1].dropFirst()))
      })
  }

  @Test("all ten are always there, empty where nothing is known")
  func anonymous() throws { #expect(try fields(nil).values.allSatisfy(\.isEmpty)) }

  @Test("lists are comma-separated; what is not visible ASCII is percent-encoded")
  func values() throws {
    let found = try fields(
      DecisionTests.principal(roles: ["a", "b"], permissions: ["x:y", "z:w"], username: "ю,\r\nX-Evil: %"), token: "t")
    #expect(found["X-Auth-Roles"] == "a,b" && found["X-Auth-Permissions"] == "x:y,z:w" && found["X-Auth-AMR"] == "pwd,otp,mfa")
    #expect(found["X-Auth-Username"] == "%D1%8E%2C%0D%0AX-Evil:%20%25" && found["X-Auth-Token"] == "t" && found["X-Auth-ACR"] == "aal2")
  }

  @Test("past 3 KiB first the permissions are left out, then the roles")
  func bounded() throws {
    let many = (0..<400).map { "resource/\($0):read" }
    let found = try fields(DecisionTests.principal(permissions: many))
    #expect(found["X-Auth-Permissions"] == "*omitted*" && found["X-Auth-Roles"] == "clerk")
    let more = try fields(DecisionTests.principal(roles: (0..<400).map { "role-\($0)" }, permissions: many))
    #expect(more["X-Auth-Permissions"] == "*omitted*" && more["X-Auth-Roles"] == "*omitted*" && more["X-Auth-Username"] == "ada")
  }
}

extension ActiveRoles {
  static func made(roles: [String], permissions: [String]) -> ActiveRoles {
    ActiveRoles(
      roles: roles, inactive: [], changesAt: nil, authority: Authority(permissions.compactMap { Permission($0) }, names: Set(roles)))
  }
}
