import Identity
import JSON
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Bounds on codes, between users")
struct CodePaceTests {
  private static let settings = World.mail.merging(["pace.enabled": "true", "messages.recipient.burst": "3"]) { $1 }

  /// A user whose second factor is a mailbox, and one who wants no codes to arrive there.
  private func people(_ world: World) async throws -> (victim: Person, attacker: Person, Client) {
    let (victim, client) = (try await world.addPerson("victim@example.com"), try await world.addClient())
    let token = try world.signedIn(victim, client).token()
    let begun = try world.beginCode("email", "victim@example.com", world.proof(victim, token), token)
    let id = try #require(begun.json?["id"]?.string, "\(begun)")
    let code = try #require(try await world.lastMail("code_enrollment", to: "victim@example.com")).code
    try #require(try world.asUser("POST", "/auth/factors/email/\(id)/confirm", token, #"{"code":"\#(code)"}"#).status == 200)
    world.clock.advance(by: .minutes(30))
    return (victim, try await world.addMailPerson("attacker@example.com"), client)
  }

  private func codes(_ world: World) async throws -> Int {
    try await world.mails().count { $0.template.hasPrefix("code") && $0.recipient == "victim@example.com" }
  }

  @Test("who has no proof takes nothing from whoever an address is, and neither does who has one")
  func silencing() async throws {
    try await World.run(Self.settings) { world in
      let (victim, attacker, client) = try await people(world)
      let token = try world.signedIn(attacker, client).token()
      for attempt in 0..<10 {
        let proof = attempt % 2 == 0 ? nil : "cfp_nonsense"
        #expect(try world.beginCode("email", "victim@example.com", proof, token).code == "reauthentication_required")
        #expect(try world.changeAddress("email", "victim@example.com", token, proof: proof).code == "reauthentication_required")
      }
      let before = try await codes(world)
      for _ in 0..<3 { #expect(try world.beginCode("email", "victim@example.com", world.proof(attacker, token), token).status == 201) }
      let sent = try await codes(world)
      #expect(sent - before == 3, "\(sent - before)")
      _ = try world.beginCode("email", "victim@example.com", world.proof(attacker, token), token)
      let challenge = try world.challenge(victim, client)
      for _ in 0..<3 { #expect(try world.send(challenge, "email", client).status == 202) }
      let after = try await codes(world)
      #expect(after - sent >= 3, "\(after - sent)")
    }
  }

  @Test("a user at the end of his own bound takes no more from anybody's")
  func ownBoundFirst() async throws {
    let settings = Self.settings.merging([
      "messages.account.burst": "1", "messages.application.burst": "3", "messages.application.perMinute": "1",
    ]) { $1 }
    try await World.run(settings) { world in
      let (victim, _, client) = try await people(world)
      let other = try await world.addPerson("other@example.com")
      let token = try world.signedIn(other, client).token()
      let begun = try world.beginCode("email", "other@example.com", world.proof(other, token), token)
      let id = try #require(begun.json?["id"]?.string)
      let code = try #require(try await world.lastMail("code_enrollment", to: "other@example.com")).code
      try #require(try world.asUser("POST", "/auth/factors/email/\(id)/confirm", token, #"{"code":"\#(code)"}"#).status == 200)
      world.clock.advance(by: .minutes(30))
      let challenge = try world.challenge(other, client)
      for _ in 0..<10 { #expect(try world.send(challenge, "email", client).status == 202) }
      let before = try await codes(world)
      #expect(try world.send(world.challenge(victim, client), "email", client).status == 202)
      #expect(try await codes(world) == before + 1)
    }
  }

  @Test("a stranger who names an account's own address holds none of its codes back, and one proof takes one message's room")
  func ownAddress() async throws {
    try await World.run(Self.settings) { world in
      let (victim, client) = (try await world.addMailPerson("victim@example.com"), try await world.addClient())
      let attacker = try await world.addPerson("attacker@example.com")
      let token = try world.signedIn(attacker, client).token()
      for _ in 0..<5 { #expect(try world.beginCode("email", "Victim@example.com", world.proof(attacker, token), token).status == 201) }
      let before = try await codes(world)
      let own = try world.signedIn(victim, client).token()
      #expect(try world.beginCode("email", "victim@example.com", world.proof(victim, own), own).status == 201)
      #expect(try await codes(world) == before + 1)
    }
  }

  @Test("of parallel changes with one proof the refused ones take nothing from whoever the address is")
  func givenBack() async throws {
    try await World.run(Self.settings) { world in
      let (person, client) = (try await world.addMailPerson("ann@example.com"), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      let proof = try world.proof(person, token)
      let connections = try (0..<10).map { _ in try Connection(port: world.port) }
      let body = #"{"email":"new@example.org","current":"\#(Person.password)","proof":"\#(proof)"}"#
      for connection in connections {
        connection.send(Call.bytes("POST", "/auth/address", [World.json, World.bearer(token)], Array(body.utf8)))
      }
      #expect(try connections.map { try $0.answer() }.count { $0.status == 202 } == 1)
      // Of the three that the mailbox may get two are left.
      for _ in 0..<2 {
        #expect(try world.changeAddress("email", "new@example.org", token, proof: world.proof(person, token)).status == 202)
      }
    }
  }
}
