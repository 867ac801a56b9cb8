import Identity
import JSON
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Trusted devices")
struct TrustedDeviceTests {
  @Test("are off: a device token never stands for a second factor")
  func off() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let device = try #require(try world.signedIn(person, client).json?["device_token"]?.string)
      #expect(try world.auth(person.body(#","device_token":"\#(device)""#), client).code == "mfa_required")
    }
  }

  @Test("where configured, the password alone opens a session from a device that showed both factors, for so many days, which says so")
  func trusted() async throws {
    try await World.run(["devices.trust": "7"]) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      func device(_ answer: Answer) throws -> String { #","device_token":"\#(try #require(answer.json?["device_token"]?.string))""# }
      let first = try world.signedIn(person, client)
      #expect(first.json?["acr"]?.string == "aal2")
      #expect(try world.auth(person.body(), client).code == "mfa_required")
      #expect(try world.auth(person.body(device(first), password: "wrong password"), client).code == "invalid_credentials")
      world.clock.advance(by: .days(6))
      let second = try world.auth(person.body(device(first)), client)
      #expect(second.status == 200 && second.json?["amr"]?.strings == ["pwd"] && second.json?["acr"]?.string == "aal1", "\(second)")
      #expect(try Token(second).claims["acr"]?.string == "aal1")
      // A step-up shows a factor for a change, and does not raise what the session is.
      let proven = try world.finish(world.stepUp(second.token()), person.code(world.clock), second.token())
      #expect(try Token(proven).claims["acr"]?.string == "aal1")
      // Being trusted does not prolong the trust.
      world.clock.advance(by: .days(1))
      #expect(try world.auth(person.body(device(second)), client).code == "mfa_required")
    }
  }
}
