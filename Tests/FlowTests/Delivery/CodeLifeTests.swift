import Cryptography
import Identity
import JSON
import Persistence
import Primitives
import TestPost
import Testing

@testable import CredentialFlow

@Suite("How long codes live", .enabled(if: PostOffice.isInstalled, "aiosmtpd is absent: Scripts/install-dependencies test"))
struct CodeLifeTests {
  @Test("a code that is sent late is good for as long as the answer says, and a quarter of an hour after the first call nothing is")
  func lateCode() async throws {
    try await World.run(Post.settings()) { world in
      let (person, client, address) = (try await world.addPerson(), try await world.addClient(), Post.address())
      _ = try await world.enrol("email", address, person, client)
      let challenge = try #require(try world.auth(person.body(), client).challenge)
      world.clock.advance(by: .seconds(290))
      #expect(try world.send(challenge, "email", client).json?["expires_in"]?.integer == 600)
      let code = try await world.mailedCode(address, 2)
      world.clock.advance(by: .seconds(595))
      // Nothing lives longer than a quarter of an hour in all.
      #expect(try world.send(challenge, "email", client).json?["expires_in"]?.integer == 15)
      #expect(try world.answer(challenge, code, method: "email", client).code == "invalid_challenge_response")
      let last = try await world.mailedCode(address, 3)
      #expect(try world.answer(challenge, last, method: "email", client).status == 200)

      let token = try world.signedIn(person, client).token()
      let stepUp = try world.stepUp(token)
      world.clock.advance(by: .seconds(290))
      let sent = try world.asUser("POST", "/auth/step-up/send", token, #"{"challenge":"\#(stepUp)","method":"email"}"#)
      #expect(sent.json?["expires_in"]?.integer == 600, "\(sent)")
      let another = try await world.mailedCode(address, 4)
      world.clock.advance(by: .seconds(300))
      #expect(try world.finish(stepUp, another, method: "email", token).status == 200)
    }
  }
}
