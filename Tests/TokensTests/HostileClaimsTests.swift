import Cryptography
import JSON
import Primitives
import Testing
import Tokens

/// Claims that carry a good signature and are still not to be believed: what a bug in an issuer, or another program that shares the
/// key, could make.
struct HostileClaimsTests {
  private static let good: [(name: String, value: String)] = [
    ("iss", #""https://auth.example.com""#), ("sub", #""u""#), ("aud", #""https://auth.example.com""#), ("exp", "1800000600"),
    ("iat", "1800000000"), ("nbf", "1800000000"), ("jti", #""j""#), ("client_id", #""c""#), ("token_use", #""access""#),
    ("roles", "[]"), ("permissions", "[]"), ("scope", #""""#), ("sid", #""s""#), ("auth_time", "1800000000"), ("amr", #"["pwd"]"#),
    ("acr", #""aal2""#),
  ]

  private func payload(_ changes: [String: String?] = [:], more: String = "") -> String {
    let members = Self.good.compactMap { name, value in (changes[name] ?? value).map { "\"\(name)\":\($0)" } }
    return "{" + members.joined(separator: ",") + more + "}"
  }

  private func refusal(_ payload: String) throws -> TokenError? {
    let fixture = try Fixture()
    return fixture.refusal(of: try fixture.forged(header: fixture.header(), payload: payload, by: fixture.key))
  }

  @Test("the payload that the other tests change is good, and unknown claims are passed over")
  func control() throws {
    #expect(try refusal(payload()) == nil)
    #expect(try refusal(payload(more: #","cnf":{"jkt":"x"},"act":{"sub":"a","act":{"sub":"b"}}"#)) == nil)
  }

  @Test("a token without one of the claims that every token has is malformed")
  func missing() throws {
    for name in ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "token_use"] {
      #expect(try refusal(payload([name: nil])) == .malformed, "\(name)")
    }
    for name in ["auth_time", "acr"] { #expect(try refusal(payload([name: nil])) == .malformed, "sid without \(name)") }
  }

  @Test("a claim of another type is malformed")
  func types() throws {
    for (name, value) in Self.good {
      let isText = value.hasPrefix("\"")
      for wrong in ["null", "{}", "true", isText ? "1" : #""1800000600""#, "[1]", "[[]]", #"["x",null]"#] {
        if name == "aud", wrong == "[]" { continue }
        if name == "scope" { continue }
        #expect(try refusal(payload([name: wrong])) == .malformed, "\(name): \(wrong)")
      }
    }
    #expect(try refusal(payload(["aud": "[]"])) == .malformed)
    #expect(try refusal(payload(["token_use": #""refresh""#])) == .malformed)
  }

  @Test(
    "a time that is no plain number of seconds is malformed",
    arguments: [
      "1e400", "1.8e9", "1800000600.0", "-1", "9223372036854775807", "9223372036854775808", "99999999999999999999999999", "253402300800",
      "0x6B49D200", "01800000600", "+1800000600", "Infinity", "NaN", "1800000600e0",
    ])
  func times(value: String) throws {
    for name in ["exp", "iat", "nbf", "auth_time"] { #expect(try refusal(payload([name: value])) == .malformed) }
  }

  @Test("a second member of one name is malformed, also under an escape, also in claims that are passed over")
  func duplicates() throws {
    for more in [
      #","sub":"admin""#, #","s\u0075b":"admin""#, #","x":1,"x":2"#, #","act":{"sub":"a","sub":"b"}"#, #","exp":1900000000"#,
    ] {
      #expect(try refusal(payload(more: more)) == .malformed, "\(more)")
    }
  }

  @Test("claims that are not one object are malformed", arguments: ["", "[]", "null", "\"x\"", "{}{}", "{", "7", "{} x"])
  func shape(payload: String) throws {
    #expect(try refusal(payload) == .malformed)
  }

  @Test("depth is bounded in claims that are passed over")
  func depth() throws {
    let deep = String(repeating: "[", count: 16) + String(repeating: "]", count: 16)
    #expect(try refusal(payload(more: #","x":"# + deep)) == .malformed)
    #expect(try refusal(payload(more: #","x":"# + deep.dropFirst().dropLast())) == nil)
  }
}
