import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Enrolling passkeys")
struct PasskeyEnrollmentTests {
  @Test("several passkeys, each with its name; one that is there already is a conflict; the list and the command show them")
  func several() async throws {
    try await World.runWithPasskeys { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      var first = try world.addPasskey(person, client, name: "phone")
      let second = try world.addPasskey(person, client, name: "blue key")
      let token = try world.signedIn(person, client).token()
      let offer = try world.passkeyOffer(person, token)
      let excluded = try #require(offer.options["excludeCredentials"]?.elements).compactMap { $0["id"]?.string }
      #expect(excluded == [first, second].map { Base64URL.encode($0.id) })
      #expect(try world.confirmPasskey(offer.challenge, first.register(offer.options), token).code == "conflict")
      let stranger = try await world.addPerson("other@example.com")
      let their = try world.signedIn(stranger, client).token()
      let theirs = try world.passkeyOffer(stranger, their)
      #expect(try world.confirmPasskey(theirs.challenge, first.register(theirs.options), their).code == "conflict")
      let listed = try #require(try world.asUser("GET", "/auth/factors", token).json?["factors"]?.elements)
      let names = listed.filter { $0["method"]?.string == "webauthn" && $0["confirmed"]?.boolean == true }.compactMap { $0["name"]?.string }
      #expect(names == ["phone", "blue key"])
      let shown = await world.command("user", "show", person.name)
      #expect(shown.output.contains("blue key"), "\(shown.output)")
      #expect(try await world.audit("factor.enrolled").count == 6)
    }
  }

  @Test("options ask for what is configured and name whom they are for by nothing that says who it is")
  func options() async throws {
    try await World.runWithPasskeys(["webauthn.attestation": "direct", "webauthn.userVerification": "required"]) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      let offer = try world.passkeyOffer(person, token)
      #expect(offer.options["rp"]?["id"]?.string == "auth.example.com")
      #expect(offer.options["user"]?["id"]?.string == Identifier<Person>(person.id).map { Base64URL.encode($0.bytes) })
      #expect(offer.options["pubKeyCredParams"]?.elements?.compactMap { $0["alg"]?.integer } == [-7, -8, -257])
      #expect(offer.options["attestation"]?.string == "direct")
      #expect(offer.options["authenticatorSelection"]?["userVerification"]?.string == "required")
      var authenticator = try SoftAuthenticator()
      authenticator.flags = 0b1
      let refused = try world.confirmPasskey(offer.challenge, authenticator.register(offer.options), token)
      #expect(refused.code == "invalid_challenge_response" && refused.json?["attempts_left"]?.integer == 4)
    }
  }

  @Test("a challenge of an enrolment is the session's own, good once, and for nothing else")
  func challenges() async throws {
    try await World.runWithPasskeys { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let (one, two) = (try world.signedIn(person, client).token(), try world.signedIn(person, client).token())
      #expect(try world.asUser("POST", "/auth/factors/webauthn/options", one, "{}").code == "reauthentication_required")
      let offer = try world.passkeyOffer(person, one)
      var authenticator = try SoftAuthenticator()
      let credential = try authenticator.register(offer.options)
      #expect(try world.confirmPasskey(offer.challenge, credential, two).code == "invalid_challenge")
      #expect(try world.confirmPasskey(try world.passkeyRequest(client).challenge, credential, one).code == "invalid_challenge")
      var wrong = try SoftAuthenticator()
      wrong.origin = "https://evil.example"
      let refused = try world.confirmPasskey(offer.challenge, wrong.register(offer.options), one)
      #expect(refused.code == "invalid_challenge_response", "\(refused)")
      #expect(try world.confirmPasskey(offer.challenge, credential, one).status == 200)
      #expect(try world.confirmPasskey(offer.challenge, credential, one).code == "invalid_challenge")
      // What signs in is no registration and the other way round.
      #expect(try world.confirmPasskey(offer.challenge, authenticator.assert(offer.options), one).code == "invalid_request")
    }
  }

  @Test("another's passkey is a wrong answer, and a removed one none")
  func others() async throws {
    try await World.runWithPasskeys { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let other = try await world.addPerson("other@example.com")
      let (mine, theirs) = (try world.addPasskey(person, client), try world.addPasskey(other, client))
      let challenged = try world.auth(person.body(), client)
      let (challenge, options) = (try #require(challenged.challenge), try #require(challenged.json?["webauthn"]))
      #expect(try world.answerByPasskey(challenge, theirs.assert(options), client).code == "invalid_challenge_response")
      let token = try world.signedIn(person, client).token()
      let factor = try #require(try world.factorIDs("webauthn", token).first)
      #expect(try world.remove(factor, proof: world.proof(person, token), token).status == 204)
      #expect(try world.passkeySignIn(mine, client).code == "invalid_credentials")
      #expect(try world.auth(person.body(), client).json?["webauthn"] == nil)
    }
  }
}
