import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Applications over HTTP")
struct ApplicationAdministrationTests {
  @Test("an application made here calls with its key and secret; changed, it is so at once; deleted, it is nobody")
  func lifeOfAnApplication() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      let person = try await world.addPerson()
      let made = try console.call("POST", "/apps", #"{"name":"shop","audiences":["https://api.example.com"]}"#)
      #expect(made.status == 201, "\(made)")
      #expect(made.json?.names == ["id", "name", "client_id", "client_secret", "api_key"])
      let path = try #require(made["Location"])
      let id = try #require(made.json?["client_id"]?.string)
      let secret = try #require(made.json?["client_secret"]?.string)
      let key = ("X-API-Key", try #require(made.json?["api_key"]?.string))
      #expect(try world.post("/auth", person.body(), key).code == "mfa_required")
      let form = "grant_type=client_credentials&client_id=\(id)&client_secret=\(secret)"
      #expect(try Token(world.token(form).token()).header["alg"]?.string == "ES256")
      let changed = try console.patch(path, #"{"algorithm":"RS256","token_type":"JWT"}"#, ifMatch: "\"1\"")
      #expect(changed.status == 200 && changed["ETag"] == "\"2\"", "\(changed)")
      let token = try Token(world.token(form).token())
      #expect(token.header["alg"]?.string == "RS256" && token.header["typ"]?.string == "JWT")
      #expect(try console.patch(path, #"{"enabled":false}"#, ifMatch: "\"1\"").code == "precondition_failed")
      #expect(try console.patch(path, #"{"enabled":false}"#, ifMatch: "\"2\"").json?["enabled"]?.boolean == false)
      #expect(try world.post("/auth", person.body(), key).code == "invalid_api_key")
      let entry = try #require(try console.all("/audit", limit: 500).last { $0["action"]?.string == "application.changed" })
      #expect(entry["detail"]?["enabled_from"]?.string == "true" && entry["detail"]?["enabled_to"]?.string == "false")
      #expect(entry["detail"]?.names == ["name", "enabled_from", "enabled_to"])
      #expect(try console.call("DELETE", path).status == 204)
      #expect(try console.call("GET", path).code == "not_found")
      #expect(try console.call("GET", "\(path)/keys").code == "not_found")
    }
  }

  @Test("keys are made, listed without their secret, replaced and ended, each only under its own application")
  func keys() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      let person = try await world.addPerson()
      let client = try await world.addClient("shop")
      let other = try await world.addClient("other")
      let path = "/apps/\(client.clientID)/keys"
      let made = try console.call("POST", path, #"{"expires_in":120}"#)
      #expect(made.status == 201, "\(made)")
      let id = try #require(made.json?["id"]?.string)
      let key = try #require(made.json?["key"]?.string)
      #expect(try world.post("/auth", person.body(), ("X-API-Key", key)).code == "mfa_required")
      let list = try console.call("GET", path)
      #expect(list.json?["items"]?.elements?.count == 2 && !list.text.contains(key) && !list.text.contains("cfk_"))
      #expect(try console.call("DELETE", "/apps/\(other.clientID)/keys/\(id)").code == "not_found")
      let successor = try console.call("POST", "\(path)/\(id)/rotate")
      #expect(successor.status == 201, "\(successor)")
      let new = try #require(successor.json?["key"]?.string)
      #expect(try world.post("/auth", person.body(), ("X-API-Key", key)).code == "invalid_api_key")
      #expect(try world.post("/auth", person.body(), ("X-API-Key", new)).code == "mfa_required")
      #expect(try console.call("POST", "\(path)/\(id)/rotate").code == "not_found")
      #expect(try console.call("DELETE", "\(path)/\(try #require(successor.json?["id"]?.string))").status == 204)
      #expect(try world.post("/auth", person.body(), ("X-API-Key", new)).code == "invalid_api_key")
      #expect(try console.call("POST", path, #"{"expires_in":59}"#).pointer == "/expires_in")
      #expect(try console.call("POST", path, #"{"expires":60}"#).pointer == "/expires")
      #expect(try console.call("DELETE", "\(path)/nothing").code == "not_found")
    }
  }

  @Test("bad input is refused with the pointer of what is wrong")
  func badInput() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      for (body, code, pointer) in [
        ("{}", "invalid_request", "/name"), (#"{"name":"two words"}"#, "invalid_request", "/name"),
        (#"{"name":"console"}"#, "conflict", "/name"), (#"{"name":"x","audiences":["a b"]}"#, "invalid_request", "/audiences"),
        (#"{"name":"x","secret":"y"}"#, "invalid_request", "/secret"),
      ] {
        let answer = try console.call("POST", "/apps", body)
        #expect(answer.code == code && answer.pointer == pointer, "\(body): \(answer)")
      }
      let client = try await world.addClient("shop")
      for (patch, pointer) in [
        (#"{"name":"x"}"#, "/name"), (#"{"client_id":"x"}"#, "/client_id"), (#"{"algorithm":"HS256"}"#, "/algorithm"),
        (#"{"algorithm":null}"#, "/algorithm"), (#"{"token_type":"jwt"}"#, "/token_type"), (#"{"enabled":1}"#, "/enabled"),
      ] {
        #expect(try console.patch("/apps/\(client.clientID)", patch).pointer == pointer)
      }
    }
  }
}
