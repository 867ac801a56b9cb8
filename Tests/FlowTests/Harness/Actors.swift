import Cryptography
import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

/// A user as the test knows them.
struct Person: Sendable {
  let name: String
  let password: String
  let id: String
  let totp: TOTP
  let recoveryCodes: [String]

  static let password = "correct horse battery staple"

  /// The code that an authenticator shows, `steps` away from now.
  func code(_ clock: ManualClock, steps: Int64 = 0) -> String {
    String(decoding: totp.code(step: totp.step(at: clock.now()) + steps), as: UTF8.self)
  }

  /// A code that none of the steps around now shows.
  func wrongCode(_ clock: ManualClock) -> String {
    let near = Set((-2...2).map { code(clock, steps: $0) })
    return ["000000", "111111", "222222", "333333", "444444", "555555"].first { !near.contains($0) } ?? "666666"
  }

  /// The members of a body that names this user, with `more` after them.
  func body(_ more: String = "", password: String? = nil) -> String {
    #"{"username":"\#(name)","password":"\#(password ?? self.password)"\#(more)}"#
  }

  func oneCall(_ code: String, method: String = "totp", _ more: String = "") -> String {
    body(#","mfa":{"method":"\#(method)","code":"\#(code)"}\#(more)"#)
  }
}

/// An application as the test knows it.
struct Client: Sendable {
  let name: String
  let clientID: String
  let secret: String
  let apiKey: String
  let keyID: APIKey.ID

  var key: (String, String) { ("X-API-Key", apiKey) }
  var basic: (String, String) { ("Authorization", "Basic " + Base64Text.encode(Array("\(clientID):\(secret)".utf8))) }
  var form: String { "client_id=\(clientID)&client_secret=\(secret)" }
}

enum Base64Text {
  static func encode(_ bytes: [UInt8]) -> String {
    let text = Base64URL.encode(bytes).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
    return String(text) + String(repeating: "=", count: (4 - text.count % 4) % 4)
  }
}

extension World {
  struct Unexpected: Error {
    let what: String
  }

  func addPerson(_ name: String = "user@example.com", roles: [String] = [], password: String = Person.password) async throws -> Person {
    let new = Accounts.New(username: name, email: nil, phone: nil, roles: roles, password: Secret(copying: password.utf8))
    guard case .added(let enrolment) = try await application.accounts.add(new, by: World.admin),
      let secret = Base32.upper.decode(enrolment.totpSecret)
    else { throw Unexpected(what: "user \(name)") }
    return Person(
      name: name, password: password, id: "\(enrolment.account.id)", totp: TOTP(secret: Secret(copying: secret)),
      recoveryCodes: enrolment.recoveryCodes)
  }

  func addClient(_ name: String = "gateway", audiences: [String] = []) async throws -> Client {
    guard case .added(let enrolment) = try await application.applications.add(name, audiences: audiences, by: World.admin) else {
      throw Unexpected(what: "application \(name)")
    }
    return Client(
      name: name, clientID: enrolment.application.clientID, secret: enrolment.clientSecret, apiKey: enrolment.apiKey.text,
      keyID: enrolment.apiKey.id)
  }

  func addRole(_ name: String, _ permissions: String...) async throws {
    let outcome = try await application.roles.add(
      name, description: "", permissions: permissions.compactMap { Permission($0) }, by: World.admin)
    guard outcome == .done else { throw Unexpected(what: "role \(name): \(outcome)") }
  }

  static let json = ("Content-Type", "application/json")
  static let formType = ("Content-Type", "application/x-www-form-urlencoded")

  func post(_ path: String, _ body: String, _ headers: (String, String)...) throws -> Answer {
    try call("POST", path, [World.json] + headers, Array(body.utf8))
  }

  /// `POST /auth` by an application's key.
  func auth(_ body: String, _ client: Client, _ headers: (String, String)...) throws -> Answer {
    try call("POST", "/auth", [World.json, client.key] + headers, Array(body.utf8))
  }

  /// `POST /auth/mfa` by an application's key.
  func answer(_ challenge: String, _ code: String, method: String = "totp", _ client: Client) throws -> Answer {
    try call(
      "POST", "/auth/mfa", [World.json, client.key],
      Array(#"{"challenge":"\#(challenge)","method":"\#(method)","code":"\#(code)"}"#.utf8))
  }

  /// A challenge for a user whose password is right.
  func challenge(_ person: Person, _ client: Client, _ more: String = "") throws -> String {
    try #require(try auth(person.body(more), client).challenge)
  }

  /// A complete sign-in, in a step that was not used before.
  func signedIn(_ person: Person, _ client: Client) throws -> Answer {
    clock.advance(by: .seconds(90))
    let answer = try auth(person.oneCall(person.code(clock)), client)
    try #require(answer.status == 200, "\(answer)")
    return answer
  }

  func refresh(_ token: String, _ client: Client) throws -> Answer {
    try call("POST", "/auth/refresh", [World.json, client.key], Array(Self.refreshBody(token).utf8))
  }

  static func refreshBody(_ token: String) -> String { #"{"refresh_token":"\#(token)"}"# }

  /// A call with a user's access token and, where there is one, a JSON body.
  func asUser(_ method: String, _ path: String, _ token: String, _ body: String? = nil, _ more: (String, String)...) throws -> Answer {
    let type = body == nil ? [] : [World.json]
    return try call(method, path, [("Authorization", "Bearer \(token)")] + type + more, body.map { Array($0.utf8) })
  }

  func me(_ token: String) throws -> Answer { try call("GET", "/auth/me", [("Authorization", "Bearer \(token)")]) }

  func token(_ form: String, _ headers: (String, String)...) throws -> Answer {
    try call("POST", "/oauth/token", [World.formType] + headers, Array(form.utf8))
  }

  /// An application's own access token.
  func bearer(_ client: Client) throws -> (String, String) {
    let answer = try token("grant_type=client_credentials", client.basic)
    return ("Authorization", "Bearer \(try answer.token())")
  }
}

extension JSONValue {
  var strings: [String]? { elements?.compactMap(\.string) }
  var names: [String] { members?.map(\.name) ?? [] }
}

extension JSONValue {
  /// A number, a text or a list of texts, for comparing.
  var plain: String? { string ?? integer.map(String.init) ?? strings?.joined(separator: " ") }
}
