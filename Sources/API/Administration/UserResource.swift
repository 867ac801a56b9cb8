internal import HTTP
package import Identity
package import JSON
internal import Persistence
internal import Primitives

/// `/admin/v1/users`: accounts, and what hangs on each.
struct UserResource: Sendable {
  let accounts: Accounts
  let invitations: Invitations

  static let noun = "user"
  private static let immutable = ["id", "username", "created_at", "version"]

  func list(_ call: Call) async throws -> Response {
    let request = try PageRequest(call.request)
    let position = try request.position(from: "", NameCursor.name)
    let page = try await accounts.page(after: position, limit: request.limit)
    return .page(page.mappingNext(NameCursor.text)) { json, account in json.account(account) }
  }

  func get(_ call: Call) async throws -> Response {
    guard let account = try await accounts.account(try call.identifier(Self.noun)) else { throw Problem.unknown(Self.noun) }
    return answer(account)
  }

  /// Answers what the new user needs once, as `user add --json` prints it: factors, or with `invite` an invitation.
  func create(_ call: Call) async throws -> Response {
    let body = try JSONObjectReader(call.request.body)
    let isInvited = try body.booleanIfPresent("invite") ?? false
    let (username, roles) = (try body.string("username"), try body.stringsIfPresent("roles") ?? [])
    let email = try contact(body, "email", Self.emailForm, ContactRule.isEmail)
    let phone = try contact(body, "phone", Self.phoneForm, ContactRule.isPhone)
    let password = try body.secretIfPresent("password")
    guard (password == nil) == isInvited else {
      throw body.wrong("password", isInvited ? "who is invited sets it himself; leave it out" : "expected one, or 'invite': true")
    }
    try body.finish()
    guard roles.isEmpty || call.allows(.rolesWrite) else {
      throw Problem(
        .insufficientPermission, "To give the new user roles needs the permission \(OwnPermission.rolesWrite.rawValue) as well.",
        errors: [(pointer: "/roles", detail: "leave it out, or ask somebody who may grant roles")])
    }
    if let password {
      let new = Accounts.New(username: username, email: email, phone: phone, roles: roles, password: password)
      let enrolment = try made(try await accounts.add(new, by: call.provenance), body)
      return created(enrolment.account) { $0.enrolment(enrolment) }
    }
    let new = Invitations.New(username: username, email: email, phone: phone, roles: roles)
    let outcome = try await invitations.add(new, allowsUnicode: accounts.settings.allowsUnicode, by: call.provenance)
    let invited = try made(outcome, body)
    return created(invited.account) { $0.invited(invited) }
  }

  private func created(_ account: Account, _ write: (inout JSONWriter) -> Void) -> Response {
    .json(.created, headers: [Precondition.etag(account.version), ("Location", "/admin/v1/users/\(account.id)")], write)
  }

  private func made<Made>(_ addition: AccountAddition<Made>, _ body: JSONObjectReader) throws -> Made {
    switch addition {
    case .added(let made): return made
    case .nameTaken: throw Problem.conflict("/username", "there is a user of this name already")
    case .invalidUsername(let refusal): throw body.wrong("username", "\(refusal)")
    case .invalidPassword(let flaws): throw Problem.weakPassword(flaws, "/password")
    case .separationOfDuty(let name):
      throw Problem(.separationOfDuty, "The separation '\(name)' keeps two of these roles apart; nothing was made.")
    case .unknownRole(let role): throw body.wrong("roles", "there is no role '\(role)'; nothing was made")
    }
  }

  func change(_ call: Call) async throws -> Response {
    let id: Account.ID = try call.identifier(Self.noun)
    let condition = try Precondition.required(call.request)
    let patch = try MergePatch(call.request.body, immutable: Self.immutable)
    let change = Accounts.Change(
      isEnabled: try patch.boolean("enabled"), email: try patch.edit("email", expected: Self.emailForm, ContactRule.isEmail),
      phone: try patch.edit("phone", expected: Self.phoneForm, ContactRule.isPhone))
    try patch.finish()
    return answer(try await accounts.change(id, change, if: condition, by: call.provenance).subject(Self.noun))
  }

  func delete(_ call: Call) async throws -> Response {
    let condition = Precondition.optional(call.request)
    _ = try await accounts.delete(try call.identifier(Self.noun), if: condition, by: call.provenance).subject(Self.noun)
    return .empty(.noContent)
  }

  func unlock(_ call: Call) async throws -> Response {
    guard try await accounts.unlock(try call.identifier(Self.noun), by: call.provenance) else { throw Problem.unknown(Self.noun) }
    return .empty(.noContent)
  }

  /// Answers what is handed to the user once, as `user invite --json` prints it.
  func invite(_ call: Call) async throws -> Response {
    switch try await invitations.invite(try call.identifier(Self.noun), by: call.provenance) {
    case .issued(let issued): return .json(.created) { $0.invitation(issued) }
    case .unknownUser: throw Problem.unknown(Self.noun)
    case .hasFactor:
      throw Problem(.conflict, "The user has a second factor and needs no invitation; 'credentialflow user reset-mfa' takes them away.")
    }
  }

  func factors(_ call: Call) async throws -> Response {
    guard let account = try await accounts.account(try call.identifier(Self.noun)) else { throw Problem.unknown(Self.noun) }
    return .page(.init(whole: try await accounts.factors(of: account.id))) { json, factor in json.factor(factor) }
  }

  private func answer(_ account: Account) -> Response {
    .json(.ok, headers: [Precondition.etag(account.version)]) { $0.account(account) }
  }

  private static let emailForm = "an address such as alice@example.com"
  private static let phoneForm = "a number such as +491701234567"

  private func contact(_ body: JSONObjectReader, _ name: String, _ expected: String, _ isRight: (String) -> Bool) throws -> String? {
    guard let text = try body.stringIfPresent(name) else { return nil }
    guard isRight(text) else { throw body.wrong(name, "expected \(expected)") }
    return text
  }
}

extension JSONWriter {
  fileprivate mutating func account(_ account: Account) {
    object { json in
      json.member("id", "\(account.id)")
      json.member("username", account.username.text)
      json.member("enabled", account.isEnabled)
      json.member("email", ifPresent: account.email)
      json.member("phone", ifPresent: account.phone)
      json.member("created_at", account.createdAt.rfc3339())
      json.member("version", account.version)
    }
  }

  fileprivate mutating func factor(_ factor: Factor) {
    object { json in
      json.member("id", "\(factor.id)")
      json.member("method", factor.method.rawValue)
      json.member("failures", factor.failures)
      json.member("locked", factor.isLocked)
      json.member("created_at", factor.createdAt.rfc3339())
      json.member("confirmed_at", ifPresent: factor.confirmedAt?.rfc3339())
      json.member("last_used_at", ifPresent: factor.lastUsedAt?.rfc3339())
    }
  }

  /// What is shown of an invitation once: here and by `user invite --json`.
  package mutating func invitation(_ issued: Invitations.Issued) {
    object { json in
      json.member("code", issued.code)
      json.member("url", issued.url)
      json.member("expires_at", issued.expiresAt.rfc3339())
    }
  }

  /// What is shown of an account without password and factor once: here and by `user add --invite --json`.
  package mutating func invited(_ invited: Invitations.Invited) {
    object { json in
      json.member("id", "\(invited.account.id)")
      json.member("username", invited.account.username.text)
      json.member("invitation") { $0.invitation(invited.invitation) }
    }
  }

  /// What is shown of a new account once: here and by `user add --json`.
  package mutating func enrolment(_ enrolment: Accounts.Enrolment) {
    object { json in
      json.member("id", "\(enrolment.account.id)")
      json.member("username", enrolment.account.username.text)
      json.member("totp") { json in
        json.object { json in
          json.member("secret", enrolment.totpSecret)
          json.member("uri", enrolment.totpURI)
        }
      }
      json.member("recovery_codes", enrolment.recoveryCodes)
    }
  }
}
