import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Bodies that are refused")
struct BodyTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let body: String
    let pointer: String
    var testDescription: String { String(body.prefix(80)) }
  }

  static let cases: [Case] = [
    Case(body: "", pointer: ""), Case(body: "[]", pointer: ""), Case(body: "\"a\"", pointer: ""), Case(body: "{", pointer: ""),
    Case(body: "{}", pointer: "/username"),
    Case(body: #"{"username":"a"}"#, pointer: "/password"),
    Case(body: #"{"username":1,"password":"b"}"#, pointer: "/username"),
    Case(body: #"{"username":null,"password":"b"}"#, pointer: "/username"),
    Case(body: #"{"username":"","password":"b"}"#, pointer: "/username"),
    Case(body: #"{"username":"a","password":""}"#, pointer: "/password"),
    Case(body: #"{"username":"a","password":["b"]}"#, pointer: "/password"),
    Case(body: #"{"username":"a","password":"b","user":"c"}"#, pointer: "/user"),
    Case(body: #"{"username":"a","password":"b","a/b~c":1}"#, pointer: "/a~1b~0c"),
    Case(body: #"{"username":"a","password":"b","username":"c"}"#, pointer: "/username"),
    Case(body: #"{"username":"a","password":"b","mfa":{"method":"totp","code":"1","code":"2"}}"#, pointer: "/mfa/code"),
    Case(body: #"{"username":"a","password":"b","mfa":"123456"}"#, pointer: "/mfa"),
    Case(body: #"{"username":"a","password":"b","mfa":{"method":"totp"}}"#, pointer: "/mfa/code"),
    Case(body: #"{"username":"a","password":"b","mfa":{"method":"totp","code":123456}}"#, pointer: "/mfa/code"),
    Case(body: #"{"username":"a","password":"b","mfa":{"method":"pigeon","code":"1"}}"#, pointer: "/mfa/method"),
    Case(body: #"{"username":"a","password":"b","mfa":{"method":"totp","code":"1","x":2}}"#, pointer: "/mfa/x"),
    Case(body: #"{"username":"a","password":"b","roles":"c"}"#, pointer: "/roles"),
    Case(body: #"{"username":"a","password":"b","roles":[]}"#, pointer: "/roles"),
    Case(body: #"{"username":"a","password":"b","roles":["c",1]}"#, pointer: "/roles/1"),
    Case(body: #"{"username":"a","password":"b","device":true}"#, pointer: "/device"),
    Case(body: #"{"username":"a","password":"b","device_token":1}"#, pointer: "/device_token"),
    Case(body: #"{"username":"a","password":"b","audience":1}"#, pointer: "/audience"),
    Case(body: #"{"username":"a","password":"b",}"#, pointer: ""),
    Case(body: "\u{FEFF}" + #"{"username":"a","password":"b"}"#, pointer: ""),
    Case(body: #"{"username":"\ud800","password":"b"}"#, pointer: "/username"),
    Case(body: #"{"username":"a","password":"b"}{}"#, pointer: ""),
    Case(body: "{'username':'a','password':'b'}", pointer: ""),
  ]

  @Test("a body outside the contract is 400 invalid_request that names the member and says what to fix", arguments: cases)
  func refused(_ bad: Case) async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let answer = try world.auth(bad.body, client)
      #expect(answer.status == 400 && answer.code == "invalid_request", "\(answer)")
      #expect(answer.pointer == bad.pointer, "\(answer)")
      #expect(answer["X-Auth-Outcome"] == "invalid_request")
      #expect(answer["Content-Type"] == "application/problem+json")
      #expect(answer.json?["type"]?.string == "https://credentialflow.dev/problems/invalid_request")
      #expect(answer.json?["detail"]?.string?.isEmpty == false)
    }
  }

  @Test("nesting over 16 levels, bytes that are not UTF-8, and UTF-16 are refused")
  func depthAndEncoding() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let deep = #"{"username":"a","password":"b","x":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}"
      #expect(try world.auth(deep, client).code == "invalid_request")
      let body = Array(#"{"username":"a","password":""#.utf8) + [0xFF, 0xC3, 0x28] + Array(#""}"#.utf8)
      #expect(try world.call("POST", "/auth", [World.json, client.key], body).code == "invalid_request")
      let wide = Array(#"{"username":"a","password":"b"}"#.utf16).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
      #expect(try world.call("POST", "/auth", [World.json, client.key], wide).code == "invalid_request")
    }
  }

  @Test("16 KiB is taken, one byte more is 413 and is an answer of a sign-in too")
  func size() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let start = #"{"username":"a","password":"wrong"}"#
      let whole = start + String(repeating: " ", count: 16_384 - start.utf8.count)
      #expect(try world.auth(whole, client).code == "invalid_credentials")
      let over = try world.auth(whole + " ", client)
      #expect(over.status == 413 && over.code == "payload_too_large", "\(over)")
      #expect(over["X-Auth-Outcome"] == "payload_too_large")
    }
  }

  @Test("the second call's body is held to the same rules")
  func secondCall() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      for (body, pointer) in [
        ("{}", "/challenge"), (#"{"challenge":"a","code":"1"}"#, "/method"), (#"{"challenge":"a","method":"totp"}"#, "/code"),
        (#"{"challenge":"a","method":"totp","code":"1","x":1}"#, "/x"), (#"{"challenge":1,"method":"totp","code":"1"}"#, "/challenge"),
      ] {
        let answer = try world.post("/auth/mfa", body, client.key)
        #expect(answer.status == 400 && answer.code == "invalid_request" && answer.pointer == pointer, "\(answer)")
      }
      for challenge in ["", "cfc_", "nonsense", String(repeating: "a", count: 5_000)] {
        let answer = try world.answer(challenge, "123456", client)
        #expect(answer.status == 400 && answer.code == "invalid_challenge", "\(answer)")
      }
      let unsigned = try world.answer("x", "1", method: "webauthn", client)
      #expect(unsigned.status == 400 && unsigned.code == "invalid_request" && unsigned.pointer == "/credential", "\(unsigned)")
    }
  }
}
