import Identity
import JSON
import Primitives

@testable import CredentialFlow

/// Who calls `/admin/v1`, and where.
struct Operator {
  let world: World
  let token: String

  func call(_ method: String, _ path: String, _ body: String? = nil, _ headers: (String, String)...) throws -> Answer {
    try send(method, path, body, headers)
  }

  func patch(_ path: String, _ body: String, ifMatch: String? = "*") throws -> Answer {
    let condition = ifMatch.map { [("If-Match", $0)] } ?? []
    return try send("PATCH", path, body, [("Content-Type", "application/merge-patch+json")] + condition)
  }

  /// Every item of a list, page by page.
  func all(_ path: String, limit: Int) throws -> [JSONValue] {
    var items: [JSONValue] = []
    var after: String?
    repeat {
      let answer = try call("GET", "\(path)?limit=\(limit)" + (after.map { "&after=\($0)" } ?? ""))
      guard answer.status == 200, let page = answer.json?["items"]?.elements else { throw World.Unexpected(what: "\(answer)") }
      items += page
      after = answer.json?["next"]?.string
    } while after != nil
    return items
  }

  private func send(_ method: String, _ path: String, _ body: String?, _ headers: [(String, String)]) throws -> Answer {
    var all = headers + [("Authorization", "Bearer \(token)")]
    if body != nil, !headers.contains(where: { $0.0 == "Content-Type" }) { all.append(World.json) }
    return try world.call(
      method, path.hasPrefix("/admin") ? path : "/admin/v1\(path)", all, body.map { Array($0.utf8) }, port: world.operationsPort)
  }
}

extension World {
  /// An application with a role that holds `permissions`.
  func addOperator(_ permissions: String..., name: String = "console") async throws -> Operator {
    try await addRole("\(name)-role", permissions)
    let client = try await addClient(name)
    guard let id = Application.ID(client.clientID) else { throw Unexpected(what: client.clientID) }
    _ = try await application.roles.grant(.named("\(name)-role"), to: .application(id), by: World.admin)
    return Operator(world: self, token: try applicationToken(client))
  }

  /// An application that is an administrator.
  func addAdministrator(_ name: String = "console") async throws -> Operator {
    let client = try await addClient(name)
    guard let id = Application.ID(client.clientID) else { throw Unexpected(what: client.clientID) }
    _ = try await application.roles.grant("admin", to: .application(id), by: World.admin)
    return Operator(world: self, token: try applicationToken(client))
  }

  func applicationToken(_ client: Client) throws -> String { try token("grant_type=client_credentials", client.basic).token() }

  private func addRole(_ name: String, _ permissions: [String]) async throws {
    let outcome = try await application.roles.add(
      name, description: "", permissions: permissions.compactMap { Permission($0) }, by: World.admin)
    guard outcome == .done else { throw Unexpected(what: "role \(name): \(outcome)") }
  }
}
