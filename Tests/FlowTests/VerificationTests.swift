import Cryptography
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("The added verification")
struct VerificationTests {
  private static let secrets = ["0123456789abcdef0", "fedcba98765432100"]

  private func code(_ world: World, _ client: Client, _ value: String?, _ body: String = "{}") throws -> String? {
    let headers = value.map { [("X-Custom-Header", $0)] } ?? []
    let answer = try world.call("POST", "/auth", [World.json, client.key] + headers, Array(body.utf8))
    #expect(answer["X-Auth-Outcome"] == answer.code)
    if answer.code == "verification_failed" { #expect(answer.status == 403 && answer.text.contains("X-Custom-Header")) }
    return answer.code
  }

  /// What a pass looks like: the next check, of the body, refuses.
  private let passed = "invalid_request"

  @Test("off: the header is not looked at")
  func off() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      #expect(try code(world, client, nil) == passed)
      #expect(try code(world, client, "anything") == passed)
    }
  }

  @Test("shared-secret: either of two secrets passes, anything else does not")
  func sharedSecret() async throws {
    try await World.run(["verification.rule": "shared-secret", "verification.secrets": #"["\#(Self.secrets[0])","\#(Self.secrets[1])"]"#]) {
      world in
      let client = try await world.addClient()
      for secret in Self.secrets { #expect(try code(world, client, secret) == passed) }
      for wrong in [nil, "", "wrong", Self.secrets[0] + "x", String(Self.secrets[0].dropLast())] as [String?] {
        #expect(try code(world, client, wrong) == "verification_failed")
      }
      #expect(try world.post("/auth/mfa", "{}", client.key).code == "verification_failed")
      #expect(try world.call("GET", "/.well-known/jwks.json").status == 200)
    }
  }

  @Test("pattern: the whole header has to match")
  func pattern() async throws {
    try await World.run(["verification.rule": "pattern", "verification.pattern": "[a-z]{3}-[0-9]+"]) { world in
      let client = try await world.addClient()
      #expect(try code(world, client, "abc-42") == passed)
      for wrong in [nil, "abc-", "xabc-42", "abc-42x", "ABC-42", "abc-" + String(repeating: "1", count: 300)] as [String?] {
        #expect(try code(world, client, wrong) == "verification_failed")
      }
    }
  }

  @Test("named paths alone need the header, and the header's name is configured")
  func paths() async throws {
    try await World.run([
      "verification.rule": "pattern", "verification.pattern": "a", "verification.header": "X-Edge", "verification.paths": #"["/auth/mfa"]"#,
    ]) { world in
      let client = try await world.addClient()
      #expect(try world.auth("{}", client).code == passed)
      #expect(try world.post("/auth/mfa", "{}", client.key).code == "verification_failed")
      #expect(try world.post("/auth/mfa", "{}", client.key, ("X-Edge", "a")).code == passed)
    }
  }

  private func signature(_ time: Int64, _ secret: String, _ body: String = "{}", method: String = "POST", path: String = "/auth") -> String
  {
    let text = "\(time).\(method).\(path).\(Hex.encode(Digest.sha256(Array(body.utf8))))"
    return "t=\(time),v1=" + Hex.encode(HMAC.sha256(Array(text.utf8), key: Secret(copying: secret.utf8)))
  }

  @Test("hmac-sha256: a signature over time, method, path and body is good once and within 300 s, under either secret")
  func hmac() async throws {
    try await World.run(["verification.rule": "hmac-sha256", "verification.secrets": #"["\#(Self.secrets[0])","\#(Self.secrets[1])"]"#]) {
      world in
      let client = try await world.addClient()
      let tooEarly = signature(world.clock.now().unixSeconds - 1, Self.secrets[0])
      #expect(try code(world, client, tooEarly) == "verification_failed", "what was signed before the start may have been used before it")
      world.clock.advance(by: .minutes(10))
      let now = world.clock.now().unixSeconds
      let good = signature(now, Self.secrets[0])
      #expect(try code(world, client, good) == passed)
      #expect(try code(world, client, good) == "verification_failed")
      #expect(try code(world, client, good.replacingLast64(with: { $0.uppercased() })) == "verification_failed")
      #expect(try code(world, client, signature(now, Self.secrets[1])) == passed)
      for skew in [-300, 300] as [Int64] { #expect(try code(world, client, signature(now + skew, Self.secrets[0])) == passed) }
      for skew in [-301, 301] as [Int64] {
        #expect(try code(world, client, signature(now + skew, Self.secrets[0])) == "verification_failed")
      }
      let fresh = signature(now - 1, Self.secrets[0])
      for wrong in [
        nil, "", "t=\(now)", String(fresh.dropLast()), fresh + "0", "t=+\(now - 1)" + fresh.drop { $0 != "," },
        signature(now - 1, "another secret of it"), signature(now - 1, Self.secrets[0], "{ }"),
        signature(now - 1, Self.secrets[0], method: "GET"), signature(now - 1, Self.secrets[0], path: "/auth/mfa"),
      ] as [String?] { #expect(try code(world, client, wrong) == "verification_failed", "\(wrong ?? "none")") }
      #expect(try code(world, client, fresh) == passed)
      // A clock that steps back and on again opens nothing that was used.
      let early = signature(now + 300, Self.secrets[1])
      #expect(try code(world, client, early) == passed)
      world.clock.advance(by: .seconds(599))
      #expect(try code(world, client, early) == "verification_failed")
      world.clock.advance(by: .seconds(-599))
      #expect(try code(world, client, early) == "verification_failed")
    }
  }
}

extension String {
  fileprivate func replacingLast64(with change: (String) -> String) -> String { dropLast(64) + change(String(suffix(64))) }
}
