import Identity
import JSON
import Journal
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Users over HTTP")
struct UserAdministrationTests {
  private static let nobody = "/users/018f0000-0000-7000-8000-000000000000"

  @Test("a user made here signs in with what the answer says once; read, changed and deleted by identifier")
  func lifeOfAUser() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      try await world.addRole("billing", "invoices:read")
      let client = try await world.addClient("sign-in")
      let body =
        #"{"username":"Ada+x@Example.com","password":"correct horse battery staple","email":"ada@example.com","roles":["billing"]}"#
      let made = try console.call("POST", "/users", body)
      #expect(made.status == 201, "\(made)")
      #expect(made.json?.names == ["id", "username", "totp", "recovery_codes"])
      #expect(made.json?["totp"]?.names == ["secret", "uri"] && made.json?["recovery_codes"]?.elements?.count == 10)
      #expect(made["ETag"] == "\"1\"" && made["Cache-Control"] == "no-store" && made["Content-Encoding"] == nil)
      let path = try #require(made["Location"])
      let user = try console.call("GET", path)
      #expect(user.json?["username"]?.string == "ada+x@example.com" && user.json?["email"]?.string == "ada@example.com")
      #expect(user.json?["enabled"]?.boolean == true && user["ETag"] == "\"1\"")
      let code = try #require(made.json?["recovery_codes"]?.strings?.first)
      let signIn =
        #"{"username":"ada+x@example.com","password":"correct horse battery staple","mfa":{"method":"recovery_code","code":"\#(code)"}}"#
      let signedIn = try world.auth(signIn, client)
      #expect(signedIn.json?["permissions"]?.strings == ["invoices:read"])

      let changed = try console.patch(path, #"{"email":null,"phone":"+491701234567"}"#, ifMatch: "\"1\"")
      #expect(changed.status == 200 && changed["ETag"] == "\"2\"", "\(changed)")
      #expect(changed.json?["email"] == nil && changed.json?["phone"]?.string == "+491701234567")
      #expect(try console.patch(path, #"{"phone":"+491701234567"}"#)["ETag"] == "\"2\"")
      #expect(try console.patch(path, #"{"enabled":false}"#).json?["enabled"]?.boolean == false)
      #expect(try world.me(signedIn.token()).code == "revoked")
      #expect(
        try console.call("GET", "\(path)/factors").json?["items"]?.elements?.map { $0["method"]?.string } == ["totp", "recovery_code"])
      #expect(try console.call("DELETE", path, nil, ("If-Match", "\"2\"")).code == "precondition_failed")
      #expect(try console.call("DELETE", path, nil, ("If-Match", "\"3\"")).status == 204)
      for (method, path) in [("GET", path), ("DELETE", path), ("GET", "\(path)/factors"), ("POST", "\(path)/unlock"), ("GET", Self.nobody)]
      {
        #expect(try console.call(method, path).code == "not_found")
      }
      #expect(try console.patch(path, "{}").code == "not_found")
    }
  }

  @Test("one who is invited has no password and no factor, and sets both by the invitation")
  func invited() async throws {
    try await World.run { world in
      let (console, client) = (try await world.addAdministrator(), try await world.addClient())
      let made = try console.call("POST", "/users", #"{"username":"carol","email":"carol@example.com","invite":true}"#)
      #expect(made.status == 201 && made.json?.names == ["id", "username", "invitation"], "\(made)")
      #expect(made["ETag"] == "\"1\"" && made.json?["invitation"]?.names == ["code", "url", "expires_at"])
      let path = try #require(made["Location"])
      #expect(try console.call("GET", "\(path)/factors").json?["items"]?.elements?.isEmpty == true)
      let code = try #require(made.json?["invitation"]?["code"]?.string)
      #expect(try world.enrol(code, client).1.status == 200)
      let both = try console.call("POST", "/users", #"{"username":"dave","password":"correct horse battery staple","invite":true}"#)
      #expect(both.status == 400 && both.pointer == "/password", "\(both)")
      #expect(try console.call("POST", "/users", #"{"username":"dave"}"#).pointer == "/password")
    }
  }

  @Test("bad input is refused with the pointer of what is wrong, and nothing is made")
  func badInput() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      let person = try await world.addPerson("taken")
      func body(_ more: String) -> String { #"{"username":"new","password":"long enough"\#(more)}"# }
      for (body, code, pointer) in [
        (#"{"password":"long enough"}"#, "invalid_request", "/username"), (#"{"username":"new"}"#, "invalid_request", "/password"),
        (#"{"username":"two words","password":"long enough"}"#, "invalid_request", "/username"),
        (#"{"username":"new","password":"short"}"#, "weak_password", "/password"),
        (#"{"username":"taken","password":"long enough"}"#, "conflict", "/username"),
        (body(#","email":"nowhere""#), "invalid_request", "/email"), (body(#","phone":"123""#), "invalid_request", "/phone"),
        (body(#","email":null"#), "invalid_request", "/email"), (body(#","roles":["unknown"]"#), "invalid_request", "/roles"),
        (body(#","roles":[1]"#), "invalid_request", "/roles/0"), (body(#","admin":true"#), "invalid_request", "/admin"),
      ] {
        let answer = try console.call("POST", "/users", body)
        #expect(answer.code == code && answer.pointer == pointer, "\(body): \(answer)")
      }
      for (patch, pointer) in [
        (#"{"id":"x"}"#, "/id"), (#"{"username":"x"}"#, "/username"), (#"{"version":1}"#, "/version"),
        (#"{"created_at":null}"#, "/created_at"),
        (#"{"enabled":null}"#, "/enabled"), (#"{"enabled":"yes"}"#, "/enabled"), (#"{"email":"x"}"#, "/email"), (#"{"phone":7}"#, "/phone"),
        (#"{"colour":"red"}"#, "/colour"), ("[]", ""),
      ] {
        let answer = try console.patch("/users/\(person.id)", patch)
        #expect(answer.status == 400 && answer.pointer == pointer, "\(patch): \(answer)")
      }
      #expect(try console.call("PATCH", "/users/\(person.id)", "{}", ("Content-Type", "text/plain"), ("If-Match", "*")).status == 415)
      #expect(try console.call("PATCH", "/users/\(person.id)", "{}", ("If-Match", "*")).status == 200)
      #expect(try console.call("GET", "/users/not-an-id").code == "not_found")
      #expect(try console.all("/users", limit: 10).count == 1)
      #expect(try console.call("GET", "/users/\(person.id)")["ETag"] == "\"1\"")
    }
  }

  @Test("who may make users and not grant roles makes users without roles")
  func noEscalation() async throws {
    try await World.run { world in
      let clerk = try await world.addOperator("cf/users:write", "cf/users:read")
      let answer = try clerk.call("POST", "/users", #"{"username":"evil","password":"long enough","roles":["admin"]}"#)
      #expect(answer.code == "insufficient_permission" && answer.pointer == "/roles", "\(answer)")
      #expect(try clerk.call("POST", "/users", #"{"username":"good","password":"long enough","roles":[]}"#).status == 201)
    }
  }

  @Test("a PATCH without If-Match, or with a tag that is old, weak or no version, changes nothing")
  func preconditions() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      let path = "/users/\(try await world.addPerson().id)"
      for tag in [nil, "\"2\"", "W/\"1\"", "1", "\"\"", "\"x\"", "\"2\", W/\"1\""] {
        let answer = try console.patch(path, #"{"enabled":false}"#, ifMatch: tag)
        #expect(answer.status == 412 && answer.code == "precondition_failed", "\(tag ?? "none"): \(answer)")
      }
      #expect(try console.patch(path, #"{"enabled":false}"#, ifMatch: "\"7\", \"1\"").status == 200)
    }
  }

  @Test("of parallel changes for one state exactly one is made", .timeLimit(.minutes(2)))
  func races() async throws {
    try await World.run(["limits.loops": "2"]) { world in
      let console = try await world.addAdministrator()
      let person = try await world.addPerson()
      let connections = try (0..<8).map { _ in try Connection(port: world.operationsPort) }
      for round in 1...30 {
        for (index, connection) in connections.enumerated() {
          connection.send(
            Call.bytes(
              "PATCH", "/admin/v1/users/\(person.id)",
              [("Authorization", "Bearer \(console.token)"), World.json, ("If-Match", "\"\(round)\"")],
              Array(#"{"email":"r\#(round)c\#(index)@example.com"}"#.utf8)))
        }
        let answers = try connections.map { try $0.answer() }
        #expect(answers.count { $0.status == 200 } == 1)
        #expect(answers.count { $0.status == 412 } == connections.count - 1)
        #expect(try console.call("GET", "/users/\(person.id)")["ETag"] == "\"\(round + 1)\"")
      }
    }
  }

  @Test("every change says in the record who changed what from what to what, and under which request")
  func record() async throws {
    try await World.run { world in
      let client = try await world.addClient("sign-in")
      let root = try await world.addPerson("root", roles: ["admin"])
      let console = Operator(world: world, token: try world.signedIn(root, client).token())
      let person = try await world.addPerson()
      let path = "/users/\(person.id)"
      _ = try console.call("PATCH", path, #"{"email":"a@example.com"}"#, ("If-Match", "*"), ("X-Request-ID", "first"))
      _ = try console.call("PATCH", path, #"{"email":"b@example.com","enabled":false}"#, ("If-Match", "*"), ("X-Request-ID", "second"))
      _ = try console.call("DELETE", path, nil, ("X-Request-ID", "third"))
      let entries = try console.all("/audit", limit: 7).filter { ["first", "second", "third"].contains($0["request_id"]?.string) }
      #expect(entries.map { $0["action"]?.string } == ["account.changed", "account.disabled", "account.changed", "account.deleted"])
      #expect(entries.allSatisfy { $0["actor"]?.string == "account:\(root.id)" && $0["address"]?.string == "127.0.0.1" })
      #expect(entries.allSatisfy { $0["subject"]?.string == "account:\(person.id)" })
      let detail = entries[2]["detail"]
      #expect(detail?["email_from"]?.string == "a@example.com" && detail?["email_to"]?.string == "b@example.com")
      guard case .intact = try await AuditVerification.verify(world.application.database) else {
        Issue.record("the chain is broken")
        return
      }
    }
  }
}
