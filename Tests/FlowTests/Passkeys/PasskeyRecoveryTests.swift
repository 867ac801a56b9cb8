import Identity
import JSON
import Journal
import Primitives
import Testing

@testable import CredentialFlow

extension World {
  func recoveryOptions(_ code: String, _ client: Client) throws -> Answer {
    try post("/auth/recovery/options", #"{"code":"\#(code)"}"#, client.key)
  }

  func finishRecovery(_ code: String, _ client: Client, credential: String) throws -> Answer {
    let body =
      #"{"code":"\#(code)","password":"seven lamps on the wet pier","mfa":{"method":"webauthn","credential":\#(credential)}}"#
    return try post("/auth/recovery/finish", body, client.key)
  }
}

@Suite("Recovery by passkey")
struct PasskeyRecoveryTests {
  private static let settings = World.mail

  @Test("the owner of a mailed code learns what to answer with, and a passkey's signature for that code sets the password")
  func whole() async throws {
    try await World.runWithPasskeys(Self.settings) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let authenticator = try world.addPasskey(person, client)
      let code = try await world.recoveryCode(person, client)
      let offer = try world.recoveryOptions(code, client)
      #expect(offer.status == 200 && offer["X-Auth-Outcome"] == "ok", "\(offer)")
      #expect(offer.json?["methods"]?.strings == ["totp", "webauthn", "recovery_code"])
      let options = try #require(offer.json?["webauthn"])
      let wrong = try world.finishRecovery(code, client, credential: authenticator.assert(options, isTrue: false))
      #expect(wrong.code == "invalid_challenge_response" && wrong.json?["attempts_left"]?.integer == 4, "\(wrong)")
      let done = try world.finishRecovery(code, client, credential: authenticator.assert(options))
      #expect(done.status == 204, "\(done)")
      #expect(try await world.audit("account.recovered").last?.detail.contains(#""method":"webauthn""#) == true)
      #expect(try world.recoveryOptions(code, client).code == "invalid_challenge")
      #expect(try world.finishRecovery(code, client, credential: authenticator.assert(options)).code == "invalid_challenge")
    }
  }

  @Test("a signature for a sign-in, or for another recovery, recovers nothing, nor does one by another's passkey")
  func bound() async throws {
    try await World.runWithPasskeys(Self.settings) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let other = try await world.addMailPerson("other@example.com")
      let (own, foreign) = (try world.addPasskey(person, client), try world.addPasskey(other, client))
      let code = try await world.recoveryCode(person, client)
      let options = try #require(try world.recoveryOptions(code, client).json?["webauthn"])
      let elsewhere = try #require(
        try world.recoveryOptions(try await world.recoveryCode(other, client), client).json?["webauthn"])
      let signIn = try #require(try world.auth(person.body(), client).json?["webauthn"])
      let answers = try [own.assert(signIn), own.assert(elsewhere), foreign.assert(options)].map {
        try world.finishRecovery(code, client, credential: $0)
      }
      #expect(answers.map(\.code) == Array(repeating: "invalid_challenge_response", count: 3), "\(answers)")
      #expect(try world.finishRecovery(code, client, credential: own.assert(options)).status == 204)
    }
  }

  @Test("options are refused alike for whatever is no live code")
  func refused() async throws {
    try await World.runWithPasskeys(Self.settings) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let code = try await world.recoveryCode(person, client)
      world.clock.advance(by: .minutes(31))
      let answers = try [code, String(code.dropLast()) + "A", "nonsense", ""].map { try world.recoveryOptions($0, client) }
      #expect(answers.allSatisfy { $0.status == 400 && $0.code == "invalid_challenge" }, "\(answers)")
      #expect(Set(answers.map(\.withoutRequestID)).count == 1)
    }
  }
}
