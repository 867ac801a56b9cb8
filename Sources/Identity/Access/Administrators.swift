internal import Persistence

/// A change would leave nobody who may administer the server: it is undone.
package struct LastAdministrator: Error, Equatable, CustomStringConvertible {
  package init() {}

  package var description: String {
    "that would leave no administrator; grant the role 'admin' to another enabled user first, without an end or a restriction"
  }
}

/// Those who may always administer the server: enabled users who hold the built-in role, directly or by inheritance, everywhere
/// and without an end. Applications do not count.
struct Administrators {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// Makes a change that may take the last one away, and throws `LastAdministrator` where it does. Where there was none, there is
  /// nothing to protect.
  func keep<Result>(_ change: () throws -> Result) throws -> Result {
    let existed = try exist()
    let result = try change()
    if existed, try !exist() { throw LastAdministrator() }
    return result
  }

  private func exist() throws(DatabaseError) -> Bool { try db.row("SELECT account_id FROM administrator LIMIT 1") != nil }
}
