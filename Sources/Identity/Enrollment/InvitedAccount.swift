package import Journal
internal import Persistence
internal import Primitives

extension Invitations {
  package struct New: Sendable {
    package let username: String
    package let email: String?
    package let phone: String?
    package let roles: [String]

    package init(username: String, email: String?, phone: String?, roles: [String]) {
      self.username = username
      self.email = email
      self.phone = phone
      self.roles = roles
    }
  }

  package struct Invited: Sendable {
    package let account: Account
    package let invitation: Issued
  }

  package typealias AddOutcome = AccountAddition<Invited>

  /// A new account without password and factor, and the invitation that lets its user set both.
  package func add(_ new: New, allowsUnicode: Bool, by provenance: Provenance) async throws -> AddOutcome {
    let username: Username
    do {
      username = try Username(new.username, allowsUnicode: allowsUnicode)
    } catch {
      return .invalidUsername(error)
    }
    let at = now()
    let account = Account(
      id: Account.ID(at: at), username: username, email: new.email, phone: new.phone, isEnabled: true, password: nil, createdAt: at,
      version: 1)
    do {
      return try await database.transaction { db in
        switch try AccountCreation(db).insert(account, new.roles, by: provenance, at: at) {
        case .nameTaken: return .nameTaken
        case .unknownRole(let name): return .unknownRole(name)
        case .done: return .added(Invited(account: account, invitation: try issue(account, db, by: provenance, at: at)))
        }
      }
    } catch RoleOutcome.separationOfDuty(let name) {
      return .separationOfDuty(name)
    }
  }
}
