import HTTP
import Identity
import JSON
import Primitives
import Testing

@testable import API
@testable import CredentialFlow

@Suite("Who may administer")
struct AdministrationAccessTests {
  /// A request to a row that would get past the caller, with identifiers that name nothing.
  private func request(_ row: RouteRow, _ world: World, _ token: String?) throws -> Answer {
    let path = row.path.split(separator: "/").map { $0.hasPrefix("{") ? "018f0000-0000-7000-8000-000000000000" : String($0) }
    var headers = token.map { [("Authorization", "Bearer \($0)")] } ?? []
    if let type = row.body.mediaTypes.first { headers.append(("Content-Type", type)) }
    return try world.call(
      row.method.rawValue, "/" + path.joined(separator: "/"), headers, row.body == .none ? nil : Array("{}".utf8),
      port: world.operationsPort)
  }

  private func needed(_ row: RouteRow) throws -> OwnPermission {
    guard case .permission(let needed) = row.access else { throw World.Unexpected(what: "\(row.path) asks for no permission") }
    return needed
  }

  @Test("every row lets in who holds its permission, user or application, and nobody who holds every other one")
  func matrix() async throws {
    try await World.run { world in
      let rows = world.application.api.routes.administration
      #expect(rows.count > 15)
      let client = try await world.addClient("sign-in")
      for needed in OwnPermission.allCases {
        let name = needed.rawValue.filter { $0 != "/" && $0 != ":" }
        let others = OwnPermission.allCases.filter { $0 != needed }.compactMap(\.permission)
        try await world.addRole("only-\(name)", needed.rawValue)
        _ = try await world.application.roles.add("but-\(name)", description: "", permissions: others, by: World.admin)
        let holder = try world.signedIn(try await world.addPerson("with-\(name)", roles: ["only-\(name)"]), client).token()
        let lacker = try world.signedIn(try await world.addPerson("without-\(name)", roles: ["but-\(name)"]), client).token()
        let stranger = try world.signedIn(try await world.addPerson("nobody-\(name)"), client).token()
        let application = try await world.addOperator(needed.rawValue, name: "app-\(name)").token
        for row in rows where try self.needed(row) == needed {
          for token in [holder, application] {
            let answer = try request(row, world, token)
            #expect(![401, 403].contains(answer.status), "\(row.method) \(row.path): \(answer)")
          }
          for token in [lacker, stranger] {
            let answer = try request(row, world, token)
            #expect(answer.status == 403 && answer.code == "insufficient_permission", "\(row.method) \(row.path): \(answer)")
            #expect(answer["WWW-Authenticate"]?.contains("insufficient_scope") == true)
          }
          let anonymous = try request(row, world, nil)
          #expect(anonymous.code == "invalid_token" && anonymous["WWW-Authenticate"] == "Bearer", "\(row.path): \(anonymous)")
        }
      }
    }
  }

  @Test("a token for another audience, an ended session, an expired token, a disabled application and a taken role open nothing")
  func standing() async throws {
    try await World.run { world in
      let api = "https://api.example.com"
      let client = try await world.addClient("sign-in", audiences: [api])
      let person = try await world.addPerson("root", roles: ["admin"])
      _ = try await world.addPerson("second", roles: ["admin"])
      func get(_ token: String) throws -> Answer { try Operator(world: world, token: token).call("GET", "/users") }
      world.clock.advance(by: .seconds(90))
      let elsewhere = try world.auth(person.oneCall(person.code(world.clock), #","audience":"\#(api)""#), client).token()
      #expect(try get(elsewhere).code == "invalid_token")
      let token = try world.signedIn(person, client).token()
      #expect(try get(token).status == 200)
      _ = try await world.application.roles.revoke("admin", from: .account(try #require(Account.ID(person.id))), by: World.admin)
      #expect(try get(token).code == "insufficient_permission")
      _ = try await world.application.roles.grant("admin", to: .account(try #require(Account.ID(person.id))), by: World.admin)
      #expect(try get(token).status == 200)
      world.clock.advance(by: .seconds(601))
      #expect(try get(token).code == "expired")
      let other = try world.signedIn(person, client).token()
      _ = try await world.application.accounts.setEnabled(false, person.name, by: World.admin)
      #expect(try get(other).code == "revoked")
      let console = try await world.addAdministrator()
      #expect(try get(console.token).status == 200)
      _ = try await world.application.applications.change("console", .init(isEnabled: false), by: World.admin)
      #expect(try get(console.token).code == "revoked")
      for wrong in ["", "x", "\(console.token)x"] { #expect(try get(wrong).code == "invalid_token") }
      let byKey = try world.call("GET", "/admin/v1/users", [client.key], port: world.operationsPort)
      #expect(byKey.code == "invalid_token")
    }
  }

  @Test("the public listener knows nothing of the administration unless it is opened; the operations listener always does")
  func listeners() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      let bearer = ("Authorization", "Bearer \(console.token)")
      #expect(try world.call("GET", "/admin/v1/users", [bearer]).code == "not_found")
      #expect(try world.call("GET", "/admin/v1/users", [bearer], port: world.operationsPort).status == 200)
    }
    try await World.run(["admin.public": "true"]) { world in
      let console = try await world.addAdministrator()
      let bearer = ("Authorization", "Bearer \(console.token)")
      #expect(try world.call("GET", "/admin/v1/users", [bearer]).status == 200)
      #expect(try world.call("GET", "/admin/v1/users").status == 401)
      #expect(try world.call("GET", "/admin/v1/users", [bearer], port: world.operationsPort).status == 200)
    }
  }

  @Test("a parameter that no row names, a bad limit and a bad cursor are refused by name")
  func query() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      for (path, pointer) in [
        ("/users?limt=3", "?limt"), ("/users?limit=0", "?limit"), ("/users?limit=501", "?limit"), ("/users?limit=+5", "?limit"),
        ("/users?limit=x", "?limit"), ("/users?after=%2B", "?after"), ("/audit?after=x", "?after"), ("/audit?after=-1", "?after"),
        ("/apps?after=%20", "?after"), ("/users/018f0000-0000-7000-8000-000000000000?limit=5", "?limit"),
      ] {
        let answer = try console.call("GET", path)
        #expect(answer.status == 400 && answer.code == "invalid_request" && answer.pointer == pointer, "\(path): \(answer)")
      }
      #expect(try console.call("GET", "/users?limit=5&limit=6").code == "invalid_request")
      #expect(try console.call("GET", "/users?limit=500").status == 200)
    }
  }

  @Test("methods that a path does not take are 405 with Allow; a page of a configured origin may send PATCH and If-Match")
  func methods() async throws {
    try await World.run(["admin.public": "true", "cors.origins": #"["https://console.example.com"]"#]) { world in
      let console = try await world.addAdministrator()
      let answer = try console.call("PUT", "/users", "{}")
      #expect(answer.status == 405 && answer["Allow"] == "GET, HEAD, OPTIONS, POST")
      let origin = ("Origin", "https://console.example.com")
      for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        let preflight = try world.call("OPTIONS", "/admin/v1/users/x", [origin, ("Access-Control-Request-Method", method)])
        #expect(preflight["Access-Control-Allow-Methods"] == method)
        #expect(preflight["Access-Control-Allow-Headers"]?.contains("If-Match") == true)
      }
      let other = try world.call(
        "OPTIONS", "/admin/v1/users/x", [("Origin", "https://evil.example.com"), ("Access-Control-Request-Method", "PATCH")])
      #expect(other["Access-Control-Allow-Origin"] == nil && other["Access-Control-Allow-Methods"] == nil)
    }
  }
}
