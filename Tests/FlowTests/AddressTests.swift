import Identity
import JSON
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

extension World {
  /// Without a member `current` where that is `nil`.
  func changeAddress(
    _ member: String, _ value: String, _ token: String, current: String? = Person.password, proof: String?
  ) throws -> Answer {
    let more = (current.map { #","current":"\#($0)""# } ?? "") + (proof.map { #","proof":"\#($0)""# } ?? "")
    return try asUser("POST", "/auth/address", token, #"{"\#(member)":"\#(value)"\#(more)}"#)
  }

  func confirmAddress(_ code: String, _ token: String) throws -> Answer {
    try asUser("POST", "/auth/address/confirm", token, #"{"code":"\#(code)"}"#)
  }
}

@Suite("Changing addresses")
struct AddressTests {
  @Test("a new address counts when its code has come back, and the old one is told")
  func email() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      let other = try world.signedIn(try await world.addMailPerson("other@example.com"), client).token()
      #expect(try world.changeAddress("email", "new@example.org", token, proof: nil).code == "reauthentication_required")
      let proof = try world.proof(person, token)
      let begun = try world.changeAddress("email", "new@example.org", token, proof: proof)
      #expect(begun.status == 202 && begun.json?["sent_to"]?.string == "n***@example.org", "\(begun)")
      #expect(try world.changeAddress("email", "new@example.org", token, proof: proof).code == "reauthentication_required")
      let mail = try #require(try await world.mails().last)
      #expect(mail.template == "verify_address" && mail.recipient == "new@example.org")
      func address() throws -> String? { try world.me(token).json?["user"]?["email"]?.string }
      #expect(try address() == "user@example.com")
      #expect(try world.confirmAddress(mail.code, other).code == "invalid_challenge_response")
      #expect(try world.confirmAddress("12345678", token).code == "invalid_challenge_response")
      #expect(try world.confirmAddress(mail.code, token).status == 204)
      #expect(try address() == "new@example.org")
      #expect(try world.confirmAddress(mail.code, token).code == "invalid_challenge_response")
      let told = try #require(try await world.mails().last)
      #expect(told.template == "notice_address" && told.recipient == "user@example.com")
      #expect(told.values["change"]?.string == "u***@example.com → n***@example.org" && told.values["link"] == nil)
    }
  }

  @Test("a session and a factor in wrong hands are not enough: the present password is asked, and its guesses counted")
  func password() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      let proof = try world.proof(person, token)
      for (member, address) in [("email", "new@example.org"), ("phone", "+491701234567")] {
        let missing = try world.changeAddress(member, address, token, current: nil, proof: proof)
        #expect(missing.status == 400 && missing.pointer == "/current", "\(missing)")
        let wrong = try world.changeAddress(member, address, token, current: "another password of hers", proof: proof)
        #expect(wrong.status == 401 && wrong.code == "invalid_credentials", "\(wrong)")
      }
      // Without a proof no password is looked at.
      #expect(try world.changeAddress("email", "new@example.org", token, current: "x", proof: nil).code == "reauthentication_required")
      for _ in 0..<98 {
        #expect(try world.changeAddress("email", "new@example.org", token, current: "x", proof: proof).code == "invalid_credentials")
      }
      #expect(try world.changeAddress("email", "new@example.org", token, proof: proof).code == "too_many_attempts")
      #expect(try world.changePassword(token, to: "seven lamps on the wet pier", proof: proof).code == "too_many_attempts")
      #expect(try await world.mails().allSatisfy { $0.template != "verify_address" })
    }
  }

  @Test("a user without a password, who is not recovered by mail either, shows the proof alone")
  func passwordless() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      try await world.application.database.transaction { db in
        try db.run("UPDATE account SET password_hash = NULL WHERE username = \(person.name)")
      }
      let begun = try world.changeAddress("email", "new@example.org", token, current: nil, proof: world.proof(person, token))
      #expect(begun.status == 202, "\(begun)")
    }
  }

  @Test("five wrong codes and nothing waits any more; without anything that sends, nothing begins")
  func bounds() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      #expect(try world.changeAddress("email", "new@example.org", token, proof: world.proof(person, token)).status == 202)
      let code = try #require(try await world.mails().last).code
      for _ in 0..<5 { #expect(try world.confirmAddress("00000000", token).status == 401) }
      #expect(try world.confirmAddress(code, token).status == 401)
      let proof = try world.proof(person, token)
      #expect(try world.changeAddress("phone", "+491701234567", token, proof: proof).code == "unavailable")
      #expect(try world.changeAddress("email", "nonsense", token, proof: proof).pointer == "/email")
      // Neither spent the proof.
      #expect(try world.changeAddress("email", "new@example.org", token, proof: proof).status == 202)
    }
  }

  @Test("wrong passwords are counted in a row: a right one ends the row")
  func inARow() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      let proof = try world.proof(person, token)
      for _ in 0..<99 {
        #expect(try world.changeAddress("email", "new@example.org", token, current: "x", proof: proof).code == "invalid_credentials")
      }
      #expect(try world.changeAddress("email", "new@example.org", token, proof: proof).status == 202)
      let next = try world.proof(person, token)
      for _ in 0..<99 {
        #expect(try world.changeAddress("email", "new@example.org", token, current: "x", proof: next).code == "invalid_credentials")
      }
      #expect(try world.changeAddress("email", "new@example.org", token, proof: next).status == 202)
    }
  }

  @Test("two addresses that would look the same masked are shown as far as they differ")
  func alikeMasked() async throws {
    try await World.run(World.mail) { world in
      let (person, client) = (try await world.addMailPerson("bob@example.com"), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      #expect(try world.changeAddress("email", "bobby@example.com", token, proof: world.proof(person, token)).status == 202)
      #expect(try world.confirmAddress(try #require(try await world.mails().last).code, token).status == 204)
      let told = try #require(try await world.lastMail("notice_address", to: "bob@example.com"))
      #expect(told.values["change"]?.string == "bob***@example.com → bobb***@example.com")
    }
  }
}
