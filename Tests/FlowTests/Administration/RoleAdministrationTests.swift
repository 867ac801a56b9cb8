import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Roles over HTTP")
struct RoleAdministrationTests {
  @Test("a role made, changed and deleted here is so for its holders at once, without a new token")
  func roles() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      let client = try await world.addClient("sign-in")
      let person = try await world.addPerson()
      let token = try world.signedIn(person, client).token()
      func permissions() throws -> [String]? { try world.me(token).json?["permissions"]?.strings }
      let reader = try console.call("POST", "/roles", #"{"name":"reader","permissions":["docs/*:read"]}"#)
      #expect(reader.status == 201 && reader["ETag"] != nil, "\(reader)")
      let made = try console.call(
        "POST", "/roles", #"{"name":"editor","description":"Edits.","permissions":["docs/**:write"],"inherits":["reader"]}"#)
      #expect(made.status == 201 && made.json?["inherits"]?.strings == ["reader"] && made.json?["built_in"]?.boolean == false, "\(made)")
      let granted = try console.call("POST", "/users/\(person.id)/roles", #"{"role":"editor"}"#)
      #expect(granted.json?["items"]?.elements?.map { $0["role"]?.string } == ["editor"], "\(granted)")
      #expect(try permissions() == ["docs/**:write", "docs/*:read"])
      let path = try #require(made["Location"])
      let tag = try #require(made["ETag"])
      let changed = try console.patch(path, #"{"permissions":["docs/a:write"],"inherits":[]}"#, ifMatch: tag)
      #expect(changed.status == 200 && changed["ETag"] != tag && changed.json?["description"]?.string == "Edits.", "\(changed)")
      #expect(try permissions() == ["docs/a:write"])
      #expect(try console.patch(path, #"{"permissions":[]}"#, ifMatch: tag).code == "precondition_failed")
      let entry = try console.all("/audit", limit: 500).last { $0["action"]?.string == "role.changed" }
      #expect(
        entry?["detail"]?["permissions_from"]?.string == "docs/**:write" && entry?["detail"]?["permissions_to"]?.string == "docs/a:write")
      #expect(try console.call("DELETE", path, nil, ("If-Match", tag)).code == "precondition_failed")
      #expect(try console.call("DELETE", path).status == 204)
      #expect(try permissions() == [])
      #expect(try console.call("GET", path).code == "not_found")
      #expect(try console.all("/roles", limit: 1).compactMap { $0["name"]?.string } == ["admin", "reader"])
    }
  }

  @Test("bad roles are refused with the pointer of what is wrong; cycles and built-in roles are conflicts")
  func badInput() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      try await world.addRole("a", "x:read")
      let b = try console.call("POST", "/roles", #"{"name":"b","inherits":["a"]}"#)
      for (body, code, pointer) in [
        ("{}", "invalid_request", "/name"), (#"{"name":"two words"}"#, "invalid_request", "/name"), (#"{"name":"a"}"#, "conflict", "/name"),
        (#"{"name":"c","permissions":["ok:read","no"]}"#, "invalid_request", "/permissions/1"),
        (#"{"name":"c","inherits":["nothing"]}"#, "invalid_request", "/inherits"),
        (#"{"name":"c","builtin":true}"#, "invalid_request", "/builtin"),
      ] {
        let answer = try console.call("POST", "/roles", body)
        #expect(answer.code == code && answer.pointer == pointer, "\(body): \(answer)")
      }
      let ids = try console.all("/roles", limit: 9).reduce(into: [:]) { $0[$1["name"]?.string ?? ""] = $1["id"]?.string }
      let a = "/roles/\(ids["a"] ?? "")"
      let cycle = try console.patch(a, #"{"inherits":["b"]}"#)
      #expect(cycle.code == "conflict" && cycle.pointer == "/inherits", "\(cycle)")
      for (patch, pointer) in [
        (#"{"name":"x"}"#, "/name"), (#"{"built_in":true}"#, "/built_in"), (#"{"permissions":null}"#, "/permissions"),
      ] {
        #expect(try console.patch(a, patch).pointer == pointer)
      }
      let builtin = "/roles/\(ids["admin"] ?? "")"
      #expect(try console.patch(builtin, #"{"permissions":[]}"#).code == "conflict")
      #expect(try console.call("DELETE", builtin).code == "conflict")
      #expect(b.status == 201)
    }
  }

  @Test("grants have an end, an application and an audience; granting again replaces them; taken, they are gone at once")
  func terms() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      let client = try await world.addClient("sign-in")
      let person = try await world.addPerson()
      try await world.addRole("held", "x:read")
      let path = "/users/\(person.id)/roles"
      let end = (world.clock.now() + .seconds(300)).rfc3339()
      let granted = try console.call("PUT", "\(path)/held", #"{"expires_at":"\#(end)","application":"\#(client.clientID)"}"#)
      let item = granted.json?["items"]?.elements?.first
      #expect(item?["expires_at"]?.string == end && item?["application"]?.string == client.clientID, "\(granted)")
      #expect(try world.me(world.signedIn(person, client).token()).json?["permissions"]?.strings == ["x:read"])
      world.clock.advance(by: .seconds(301))
      let token = try world.signedIn(person, client).token()
      #expect(try world.me(token).json?["permissions"]?.strings == [])
      #expect(try console.call("PUT", "\(path)/held", "{}").status == 200)
      #expect(try world.me(token).json?["permissions"]?.strings == ["x:read"])
      for (body, pointer) in [
        (#"{"role":"nothing"}"#, "/role"), ("{}", "/role"), (#"{"role":"held","expires_at":"tomorrow"}"#, "/expires_at"),
        (#"{"role":"held","application":"x"}"#, "/application"), (#"{"role":"held","until":"x"}"#, "/until"),
        (#"{"role":"held","application":"018f0000-0000-7000-8000-000000000000"}"#, "/application"),
        (#"{"role":"held","expires_at":"2020-01-01T00:00:00Z"}"#, "/expires_at"),
      ] {
        let answer = try console.call("POST", path, body)
        #expect(answer.status == 400 && answer.pointer == pointer, "\(body): \(answer)")
      }
      #expect(try console.call("PUT", "\(path)/nothing", "{}").code == "not_found")
      #expect(try console.call("DELETE", "\(path)/held").status == 204)
      #expect(try world.me(token).json?["permissions"]?.strings == [])
      #expect(try console.call("DELETE", "\(path)/held").code == "not_found")
      #expect(try console.call("GET", "/users/018f0000-0000-7000-8000-000000000000/roles").code == "not_found")
      let application = try console.call("POST", "/apps/\(client.clientID)/roles", #"{"role":"held"}"#)
      #expect(application.status == 200)
      #expect(try Token(world.applicationToken(client)).claims["permissions"]?.strings == ["x:read"])
    }
  }

  @Test("who may change users and not roles grants none, not even to an application")
  func noEscalation() async throws {
    try await World.run { world in
      let clerk = try await world.addOperator("cf/users:*", "cf/apps:*")
      let person = try await world.addPerson()
      let client = try await world.addClient("sign-in")
      for path in ["/users/\(person.id)/roles", "/apps/\(client.clientID)/roles"] {
        #expect(try clerk.call("POST", path, #"{"role":"admin"}"#).code == "insufficient_permission")
        #expect(try clerk.call("PUT", "\(path)/admin", "{}").code == "insufficient_permission")
        #expect(try clerk.call("DELETE", "\(path)/admin").code == "insufficient_permission")
        #expect(try clerk.call("GET", path).json?["items"]?.elements?.isEmpty == true)
      }
    }
  }

  @Test("separated roles are not granted together; the separation ends and they are")
  func separations() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      try await world.addRole("payer", "pay:write")
      try await world.addRole("approver", "approve:write")
      let person = try await world.addPerson(roles: ["payer"])
      let made = try console.call("POST", "/separations", #"{"name":"four-eyes","kind":"static","roles":["payer","approver"]}"#)
      #expect(made.status == 201 && made.json?["kind"]?.string == "static", "\(made)")
      let path = "/users/\(person.id)/roles"
      #expect(try console.call("POST", path, #"{"role":"approver"}"#).code == "separation_of_duty")
      #expect(try console.all("/separations", limit: 1).map { $0["name"]?.string } == ["four-eyes"])
      for (body, pointer) in [
        (#"{"name":"x","kind":"strict","roles":["payer","approver"]}"#, "/kind"), (#"{"name":"x","kind":"static"}"#, "/roles"),
        (#"{"name":"x","kind":"static","roles":["payer","nothing"]}"#, "/roles"),
        (#"{"name":"four-eyes","kind":"dynamic","roles":["payer","approver"]}"#, "/name"),
      ] {
        #expect(try console.call("POST", "/separations", body).pointer == pointer, "\(body)")
      }
      let location = try #require(made["Location"])
      #expect(try console.call("GET", location).json?["roles"]?.strings == ["approver", "payer"])
      #expect(try console.call("DELETE", location).status == 204)
      #expect(try console.call("DELETE", location).code == "not_found")
      #expect(try console.call("POST", path, #"{"role":"approver"}"#).status == 200)
    }
  }

  @Test("the last administrator is not disabled, deleted or stripped, by whichever call")
  func lastAdministrator() async throws {
    try await World.run { world in
      let client = try await world.addClient("sign-in")
      let root = try await world.addPerson("root", roles: ["admin"])
      let console = Operator(world: world, token: try world.signedIn(root, client).token())
      let path = "/users/\(root.id)"
      #expect(try console.patch(path, #"{"enabled":false}"#).code == "conflict")
      #expect(try console.call("DELETE", path).code == "conflict")
      #expect(try console.call("DELETE", "\(path)/roles/admin").code == "conflict")
      let end = (world.clock.now() + .seconds(300)).rfc3339()
      #expect(try console.call("PUT", "\(path)/roles/admin", #"{"expires_at":"\#(end)"}"#).code == "conflict")
      let other = try await world.addPerson("other")
      #expect(try console.call("POST", "/users/\(other.id)/roles", #"{"role":"admin"}"#).status == 200)
      #expect(try console.call("DELETE", "\(path)/roles/admin").status == 204)
      #expect(try console.call("GET", path).code == "insufficient_permission")
    }
  }
}
