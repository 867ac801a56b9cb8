import Cryptography
import Identity
import JSON
import Primitives
import Testing
import Tokens

@testable import CredentialFlow

@Suite("Hostile tokens at every door")
struct HostileTokenTests {
  /// A door that takes access tokens, and what it says to a good one.
  private struct Door {
    let name: String
    let takesUsers: Bool
    let isOpen: (String) throws -> Bool
  }

  private func doors(_ world: World, _ client: Client) -> [Door] {
    func bearer(_ token: String) -> (String, String) { ("Authorization", "Bearer \(token)") }
    return [
      Door(name: "/auth", takesUsers: false) { token in
        try world.call("POST", "/auth", [World.json, bearer(token)], Array("{}".utf8)).code == "invalid_request"
      },
      Door(name: "/auth/me", takesUsers: true) { try world.me($0).status == 200 },
      Door(name: "the caller of /oauth/introspect", takesUsers: false) { token in
        try world.call("POST", "/oauth/introspect", [World.formType, bearer(token)], Array("token=x".utf8)).status == 200
      },
      Door(name: "the question of /oauth/introspect", takesUsers: true) { token in
        let body = Array("token=\(token)".utf8)
        return try world.call("POST", "/oauth/introspect", [World.formType, client.basic], body).json?["active"]?.boolean == true
      },
      Door(name: "/admin/v1", takesUsers: true) { token in
        try world.call("GET", "/admin/v1/users", [bearer(token)], port: world.operationsPort).status == 200
      },
      Door(name: "/oauth/revocations", takesUsers: true) { try world.call("GET", "/oauth/revocations", [bearer($0)]).status == 200 },
      Door(name: "/authz/nginx", takesUsers: true) { token in
        try world.call("GET", "/authz/nginx/authenticated", Self.original + [bearer(token)]).status == 200
      },
      Door(name: "/authz/forward", takesUsers: true) { token in
        try world.call("GET", "/authz/forward/authenticated", Self.original + [bearer(token)]).status == 200
      },
      Door(name: "/authz/envoy", takesUsers: true) { try world.call("GET", "/authz/envoy/authenticated/docs", [bearer($0)]).status == 200 },
    ]
  }

  private static let original = [
    ("X-Original-Method", "GET"), ("X-Original-Host", "api.example.com"), ("X-Original-URI", "/docs"), ("X-Forwarded-Method", "GET"),
    ("X-Forwarded-Host", "api.example.com"), ("X-Forwarded-Uri", "/docs"), ("X-Forwarded-Proto", "https"),
  ]

  private static func encoded(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }

  /// A token of these words by `key`.
  private static func signed(_ header: String, _ claims: String, _ key: SigningKey) throws -> String {
    let message = "\(encoded(header)).\(encoded(claims))"
    return message + "." + Base64URL.encode(try key.sign(Array(message.utf8)))
  }

  /// What is made of a good token without a key.
  private static func forms(of token: String, publicKey: [UInt8]) throws -> [(String, String)] {
    let parts = token.split(separator: ".").map(String.init)
    let good = try Token(token)
    let kid = good.header["kid"]?.string ?? ""
    func with(_ header: String) -> String { "\(encoded(header)).\(parts[1]).\(parts[2])" }
    func claiming(_ claims: String) -> String { "\(parts[0]).\(encoded(claims)).\(parts[2])" }
    let hmacHeader = encoded(#"{"alg":"HS256","kid":"\#(kid)","typ":"at+jwt"}"#)
    let hmac = Base64URL.encode(HMAC.sha256(Array("\(hmacHeader).\(parts[1])".utf8), key: Secret(copying: publicKey)))
    var forms: [(String, String)] = [
      ("alg none", "\(encoded(#"{"alg":"none","typ":"at+jwt"}"#)).\(parts[1])."),
      ("alg none with a signature", with(#"{"alg":"none","kid":"\#(kid)","typ":"at+jwt"}"#)),
      ("HS256 with the public key", "\(hmacHeader).\(parts[1]).\(hmac)"),
      ("alg twice", with(#"{"alg":"none","alg":"ES256","kid":"\#(kid)","typ":"at+jwt"}"#)),
      ("another algorithm", with(#"{"alg":"RS256","kid":"\#(kid)","typ":"at+jwt"}"#)),
      ("zero signature", "\(parts[0]).\(parts[1]).\(Base64URL.encode([UInt8](repeating: 0, count: 64)))"),
      ("short signature", "\(parts[0]).\(parts[1]).\(Base64URL.encode(Array(good.signature.dropLast())))"),
      ("long signature", "\(parts[0]).\(parts[1]).\(Base64URL.encode(good.signature + [0]))"),
      ("no signature", "\(parts[0]).\(parts[1])."), ("two segments", "\(parts[0]).\(parts[1])"), ("four segments", token + ".AA"),
      ("truncated", String(token.dropLast())), ("padded", token + "="), ("padded twice", token + "=="),
      ("standard alphabet", "\(parts[0]).\(parts[1]).+/\(parts[2].dropFirst(2))"), ("empty", "."), ("dots", ".."),
      ("huge", String(repeating: "A", count: 7000)),
      ("other claims", claiming(#"{"sub":"x"}"#)), ("no claims", claiming("")), ("claims that are a list", claiming("[]")),
    ]
    for kid in ["../../etc/passwd", "' OR 1=1 --", #"\u0000"#, String(repeating: "k", count: 4000), "", "https://evil.example/key"] {
      forms.append(("kid \(kid.prefix(20))", with(#"{"alg":"ES256","kid":"\#(kid)","typ":"at+jwt"}"#)))
    }
    for more in [
      #""jku":"https://evil.example/jwks""#, #""jwk":{"kty":"EC"}"#, #""x5u":"https://evil.example/x""#, #""x5c":["AA"]"#,
      #""crit":["exp"]"#, #""b64":false"#, #""zip":"DEF""#,
    ] { forms.append((more, with(#"{"alg":"ES256","kid":"\#(kid)","typ":"at+jwt",\#(more)}"#))) }
    return forms
  }

  /// What only this server's key could make, and no door may take: `claims` with one part replaced. By our own key, so that the
  /// part alone is what is refused.
  private static func claims(of token: String) throws -> [(String, header: String, claims: String)] {
    let good = try Token(token)
    let kid = good.header["kid"]?.string ?? ""
    let header = #"{"alg":"ES256","kid":"\#(kid)","typ":"at+jwt"}"#
    let text = String(decoding: Base64URL.decode(token.split(separator: ".").map(String.init)[1]) ?? [], as: UTF8.self)
    func replaced(_ name: String, _ old: String, _ new: String) throws -> (String, header: String, claims: String) {
      try #require(text.contains(old), "\(name): \(text)")
      return (name, header, text.replacing(old, with: new))
    }
    let exp = good.claims["exp"]?.integer ?? 0
    let jti = good.claims["jti"]?.string ?? ""
    return [
      try replaced("token_use", #""token_use":"access""#, #""token_use":"identity""#),
      try replaced("no token_use", #""token_use":"access","#, ""),
      try replaced("another issuer", World.issuer + #"","sub""#, #"https://evil.example","sub""#),
      try replaced("huge exp", #""exp":\#(exp)"#, #""exp":99999999999999999999999"#),
      try replaced("exp as a fraction", #""exp":\#(exp)"#, #""exp":1e400"#),
      try replaced("exp as text", #""exp":\#(exp)"#, #""exp":"\#(exp)""#),
      try replaced("exp twice", #""exp":\#(exp)"#, #""exp":1,"exp":\#(exp)"#),
      try replaced("sub twice", #""jti":"\#(jti)""#, #""jti":"\#(jti)","sub":"x""#), try replaced("no jti", #""jti":"\#(jti)","#, ""),
      ("wrong typ", header.replacing("at+jwt", with: "cf-id+jwt"), text),
      ("typ of the feed", header.replacing("at+jwt", with: "cf-revocations+jwt"), text),
      ("no typ", header.replacing(#","typ":"at+jwt""#, with: ""), text),
    ]
  }

  @Test("nothing that was made without the key opens any door, and nothing of another kind by the right key")
  func everyDoor() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let id = try #require(try await world.application.applications.application(named: "gateway")?.id)
      _ = try await world.application.roles.grant("admin", to: .application(id), by: World.admin)
      let person = try await world.addPerson(roles: ["admin"])
      let own = String(try world.bearer(client).1.dropFirst(7))
      let users = try world.signedIn(person, client).token()
      let key = try #require(world.application.tokens.keySet.active(.es256))
      let jwk = try #require(
        try world.call("GET", "/.well-known/jwks.json").json?["keys"]?.elements?.first { $0["alg"]?.string == "ES256" })
      let publicKey = [UInt8](
        try #require(jwk["x"]?.string.flatMap { Base64URL.decode($0) }) + (Base64URL.decode(jwk["y"]?.string ?? "") ?? []))
      let stranger = try SigningKey.generate(.es256)
      for token in [own, users] {
        var hostile = try Self.forms(of: token, publicKey: publicKey)
        for (name, header, claims) in try Self.claims(of: token) { hostile.append((name, try Self.signed(header, claims, key))) }
        let parts = token.split(separator: ".").map { String(decoding: Base64URL.decode(String($0)) ?? [], as: UTF8.self) }
        hostile.append(("a stranger's key under our kid", try Self.signed(parts[0], parts[1], stranger)))
        let named = parts[0].replacing(key.thumbprint, with: stranger.thumbprint)
        hostile.append(("a stranger's key under its own kid", try Self.signed(named, parts[1], stranger)))
        for door in doors(world, client) where door.takesUsers || token == own {
          guard door.name != "/auth/me" || token == users else { continue }
          #expect(try door.isOpen(token), "\(door.name) is shut to a good token")
          #expect(try door.isOpen(try Self.signed(parts[0], parts[1], key)), "\(door.name): the test's own signature is not taken")
          for (name, text) in hostile { #expect(try !door.isOpen(text), "\(door.name) takes: \(name)") }
        }
      }
      let elsewhere = try await world.addClient("elsewhere", audiences: ["https://api.example.com"])
      let away = try world.token("grant_type=client_credentials&resource=https://api.example.com", elsewhere.basic).token()
      for door in doors(world, client) where door.name != "the question of /oauth/introspect" {
        #expect(try !door.isOpen(away), "\(door.name) takes a token for another audience")
      }
    }
  }

  @Test("the other signature of the same ECDSA pair verifies too, and revoking either form revokes both")
  func malleability() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let person = try await world.addPerson()
      let own = String(try world.bearer(client).1.dropFirst(7))
      let users = try world.signedIn(person, client).token()
      for (token, door) in [(own, 0), (users, 1)] {
        let twin = try Self.twin(of: token)
        let isOpen = doors(world, client)[door].isOpen
        let decides = doors(world, client)[6].isOpen
        #expect(twin != token)
        #expect(try isOpen(token) && isOpen(twin) && decides(token) && decides(twin))
        let answer = try world.call("POST", "/oauth/revoke", [World.formType, client.basic], Array("token=\(twin)".utf8))
        #expect(answer.status == 200)
        #expect(try !isOpen(token) && !isOpen(twin) && !decides(token) && !decides(twin))
      }
    }
  }

  /// The token with (r, n - s) for (r, s).
  private static func twin(of token: String) throws -> String {
    let order = try #require(Hex.decode(Array("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551".utf8)))
    let good = try Token(token)
    var difference = [UInt8](repeating: 0, count: 32)
    var borrow = 0
    for index in (0..<32).reversed() {
      let digit = Int(order[index]) - Int(good.signature[32 + index]) - borrow
      borrow = digit < 0 ? 1 : 0
      difference[index] = UInt8(truncatingIfNeeded: digit & 0xFF)
    }
    return String(decoding: good.signed, as: UTF8.self) + "." + Base64URL.encode(Array(good.signature.prefix(32)) + difference)
  }

  @Test("a token narrowed to a scope opens no more than that, at the administration too")
  func narrowed() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let id = try #require(try await world.application.applications.application(named: "gateway")?.id)
      try await world.addRole("two", "cf/users:read", "cf/audit:read")
      _ = try await world.application.roles.grant("two", to: .application(id), by: World.admin)
      let narrow = ("Authorization", "Bearer \(try world.token("grant_type=client_credentials&scope=cf/audit:read", client.basic).token())")
      #expect(try world.call("GET", "/admin/v1/audit", [narrow], port: world.operationsPort).status == 200)
      #expect(try world.call("GET", "/admin/v1/users", [narrow], port: world.operationsPort).code == "insufficient_permission")
      let whole = try world.bearer(client)
      #expect(try world.call("GET", "/admin/v1/users", [whole], port: world.operationsPort).status == 200)
      #expect(try world.call("GET", "/admin/v1/users", [narrow], port: world.operationsPort).code == "insufficient_permission")
    }
  }
}
