package import Journal
internal import Persistence
internal import Primitives

/// Who holds which role.
extension Roles {
  /// One role is held once: granting it again replaces its terms.
  package func grant(
    _ role: RoleReference, to holder: RoleHolder, _ terms: Assignment.Terms = .unlimited, by provenance: Provenance
  ) async throws -> Outcome {
    let at = now()
    return try await database.outcome { db in
      guard let role = try RoleStore(db).role(role) else { return .unknownRole }
      return try Granting(db).grant(role, to: holder, terms, by: provenance, at: at)
    }
  }

  package func revoke(_ role: RoleReference, from holder: RoleHolder, by provenance: Provenance) async throws -> Outcome {
    let at = now()
    return try await database.outcome { db in
      guard let role = try RoleStore(db).role(role) else { return .unknownRole }
      guard try Granting(db).exists(holder) else { return .unknownHolder }
      guard let old = try AssignmentStore(db).assignments(of: holder).first(where: { $0.role == role.id }) else { return .unchanged }
      try Administrators(db).keep { try AssignmentStore(db).revoke(role.id, from: holder) }
      try AuditLog(db).append(
        .role("revoked", role.name, ["holder": holder.subject, "from": old.terms.description, "to": "none"]), by: provenance, at: at)
      return .done
    }
  }

  /// In the order of the roles' names; those that have ended too.
  package func assignments(of holder: RoleHolder) async throws -> [Assignment] {
    try await database.read { try AssignmentStore($0).assignments(of: holder) }
  }
}

/// Granting, for those who hold a transaction already.
struct Granting {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// Throws the `RoleOutcome` that has to undo the transaction.
  func grant(
    _ role: Role, to holder: RoleHolder, _ terms: Assignment.Terms, by provenance: Provenance, at instant: Instant
  ) throws -> RoleOutcome {
    guard try exists(holder) else { return .unknownHolder }
    if let refusal = try refusal(of: terms, holder, at: instant) { return refusal }
    let store = AssignmentStore(db)
    try store.deleteEnded(of: holder, at: instant)
    let held = try store.assignments(of: holder)
    let old = held.first { $0.role == role.id }
    guard old?.terms != terms else { return .unchanged }
    guard old != nil || held.count < RoleLimits.assignments else { return .tooMany("\(RoleLimits.assignments) roles of one holder") }
    try Administrators(db).keep { try store.put(role.id, terms, to: holder, at: instant) }
    if let name = try SeparationStore(db).violation(by: holder, at: instant) { throw RoleOutcome.separationOfDuty(name) }
    let event = AuditEvent.role(
      "granted", role.name,
      ["holder": holder.subject, "from": old?.terms.description ?? "none", "to": terms.description])
    try AuditLog(db).append(event, by: provenance, at: instant)
    return .done
  }

  func exists(_ holder: RoleHolder) throws(DatabaseError) -> Bool {
    switch holder {
    case .account(let id): try AccountStore(db).account(id) != nil
    case .application(let id): try ApplicationStore(db).application(id) != nil
    }
  }

  private func refusal(of terms: Assignment.Terms, _ holder: RoleHolder, at instant: Instant) throws(DatabaseError) -> RoleOutcome? {
    guard terms.isLive(at: instant) else { return .endIsOver }
    guard terms.audience.map(Application.isAudience) ?? true else { return .invalidTerms }
    guard let application = terms.application else { return nil }
    // An application's tokens are all its own.
    if case .application = holder { return .invalidTerms }
    return try ApplicationStore(db).application(application) == nil ? .unknownApplication : nil
  }
}
