import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Sessions and signing keys over HTTP")
struct SessionAdministrationTests {
  @Test("live sessions are listed by pages and by user, and end at once, one or all of a user's")
  func sessions() async throws {
    try await World.run { world in
      let client = try await world.addClient("sign-in")
      let ada = try await world.addPerson("ada")
      let bob = try await world.addPerson("bob")
      let tokens = try [ada, ada, bob].map { try world.signedIn($0, client).token() }
      let console = try await world.addAdministrator()
      let listed = try console.all("/sessions", limit: 2)
      #expect(
        listed.map { $0["username"]?.string } == ["ada", "ada", "bob"] && listed.allSatisfy { $0["client_id"]?.string == client.clientID })
      let ofAda = try console.call("GET", "/users/\(ada.id)/sessions").json?["items"]?.elements ?? []
      #expect(ofAda.map { $0["id"]?.string } == [listed[1], listed[0]].map { $0["id"]?.string })
      let first = try #require(listed[0]["id"]?.string)
      #expect(try console.call("DELETE", "/sessions/\(first)").status == 204)
      #expect(try world.me(tokens[0]).code == "revoked" && world.me(tokens[1]).status == 200)
      #expect(try console.call("DELETE", "/sessions/\(first)").code == "not_found")
      #expect(try console.call("DELETE", "/users/\(ada.id)/sessions").status == 204)
      #expect(try world.me(tokens[1]).code == "revoked" && world.me(tokens[2]).status == 200)
      #expect(try console.call("DELETE", "/users/\(first)/sessions").code == "not_found")
      #expect(try console.call("GET", "/users/\(first)/sessions").code == "not_found")
      #expect(try console.call("GET", "/sessions?after=x").pointer == "?after")
      #expect(try console.all("/sessions", limit: 500).map { $0["username"]?.string } == ["bob"])
    }
  }

  @Test("signing keys are listed, replaced and taken out of use, and tokens follow at once")
  func keys() async throws {
    try await World.run { world in
      let client = try await world.addClient("sign-in")
      let old = try world.applicationToken(client)
      let console = try await world.addAdministrator()
      let before = try console.call("GET", "/keys").json?["items"]?.elements ?? []
      #expect(before.count == 3 && before.allSatisfy { $0["state"]?.string == "active" })
      #expect(try console.call("POST", "/keys/rotate", #"{"algorithm":"HS256"}"#).pointer == "/algorithm")
      #expect(try console.call("POST", "/keys/rotate", #"{"now":"yes"}"#).pointer == "/now")
      let staged = try console.call("POST", "/keys/rotate", #"{"algorithm":"EdDSA"}"#)
      #expect(staged.json?["items"]?.elements?.count { $0["state"]?.string == "published" } == 1, "\(staged)")
      let rotated = try console.call("POST", "/keys/rotate", #"{"algorithm":"ES256","now":true}"#)
      let kid = try #require(try Token(old).header["kid"]?.string)
      let new = try #require(try Token(world.applicationToken(client)).header["kid"]?.string)
      #expect(rotated.status == 200 && new != kid, "\(rotated)")
      #expect(try console.call("GET", "/users").status == 200)
      #expect(!rotated.text.contains("private"))
      let later = try await world.addAdministrator("other")
      #expect(try later.call("DELETE", "/keys/\(kid)").status == 204)
      #expect(try later.call("DELETE", "/keys/\(kid)").code == "not_found")
      #expect(try later.call("DELETE", "/keys/unknown").code == "not_found")
      // The first token of the administrator was signed with the key that is gone.
      #expect(try console.call("GET", "/users").code == "invalid_token")
    }
  }
}
