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

  package enum AddOutcome: Sendable {
    case added(Account, Issued)
    case nameTaken
    case invalidUsername(Username.Refusal)
    case unknownRole(String)
    /// The roles do not go together; the separation's name.
    case separationOfDuty(String)
  }

  /// A new account without password and factor, and the invitation that lets its user set both.
  package func add(_ new: New, _ settings: AccountSettings, by provenance: Provenance) async throws -> AddOutcome {
    let username: Username
    do {
      username = try Username(new.username, allowsUnicode: settings.allowsUnicode)
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
        case .done: return .added(account, try issue(account, db, by: provenance, at: at))
        }
      }
    } catch RoleOutcome.separationOfDuty(let name) {
      return .separationOfDuty(name)
    }
  }
}
