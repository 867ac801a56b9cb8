internal import Persistence
internal import Primitives

/// What roles can be granted to.
package enum RoleHolder: Sendable, Equatable {
  case account(Account.ID)
  case application(Application.ID)

  var changed: ChangedSubject {
    switch self {
    case .account(let id): .account(id.bytes)
    case .application(let id): .application(id.bytes)
    }
  }

  /// As the record names it.
  var subject: String {
    switch self {
    case .account(let id): "account:\(id)"
    case .application(let id): "application:\(id)"
    }
  }
}
