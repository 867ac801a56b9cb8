internal import Cryptography
package import Journal
package import Persistence
package import Primitives
package import Tokens

/// The signing keys in the store, and their steps from stage to stage. Every algorithm that applications may choose has one
/// active key, made at the first start.
package struct SigningKeys: Sendable {
  private let database: any Database
  private let vault: Vault
  package let schedule: KeySchedule
  private let now: Now

  package init(database: any Database, vault: Vault, schedule: KeySchedule, now: Now) {
    self.database = database
    self.vault = vault
    self.schedule = schedule
    self.now = now
  }

  /// Of one algorithm, past which nothing more is published: every key stands in the set that verifiers fetch.
  private static let most = 100

  /// Every key that is not gone, the oldest first.
  package func list() async throws -> [SigningKeyRecord] {
    try await database.read { try SigningKeyStore($0, vault: vault).records() }
  }

  /// Also one that is gone.
  package func key(_ kid: String) async throws -> SigningKeyRecord? {
    try await database.read { try SigningKeyStore($0, vault: vault).record(kid) }
  }

  /// The set that tokens are issued and verified with.
  package func keySet() async throws -> KeySet {
    try await database.read { try SigningKeyStore($0, vault: vault).keySet() }
  }

  /// Does what has become due. True where something changed.
  package func advance() async throws -> Bool {
    let records = try await list()
    guard !SigningKeyLife(records, schedule).steps(on: .time, at: now()).isEmpty else { return false }
    return try await take(.time, by: .system) == .done
  }

  package enum Outcome: Sendable, Equatable {
    case done
    /// It is so already: a successor is published, the key is gone.
    case nothingToDo
    case tooMany
  }

  /// Takes the steps of one event, all of them in one transaction that looks at the rows anew.
  package func take(_ event: SigningKeyLife.Event, by provenance: Provenance) async throws -> Outcome {
    var fresh: [SigningAlgorithm: SigningKey] = [:]
    while true {
      let made = fresh
      let at = now()
      let result = try await database.transaction { db in try attempt(event, with: made, db, by: provenance, at: at) }
      switch result {
      case .ended(let outcome): return outcome
      case .needs(let algorithms):
        // Outside the transaction: an RSA key takes a while, and the writer is one.
        for algorithm in algorithms { fresh[algorithm] = try await Self.generate(algorithm) }
      }
    }
  }

  private enum Attempt {
    case ended(Outcome)
    /// Nothing was changed: these keys have to be made first.
    case needs([SigningAlgorithm])
  }

  private func attempt(
    _ event: SigningKeyLife.Event, with fresh: [SigningAlgorithm: SigningKey], _ db: any Transaction, by provenance: Provenance,
    at instant: Instant
  ) throws -> Attempt {
    let store = SigningKeyStore(db, vault: vault)
    let records = try store.records()
    let steps = SigningKeyLife(records, schedule).steps(on: event, at: instant)
    let algorithms = steps.compactMap(\.makes)
    if case .rotate = event {
      let isFull = algorithms.contains { algorithm in records.count { $0.algorithm == algorithm } >= Self.most }
      if isFull { return .ended(.tooMany) }
    }
    let missing = algorithms.filter { fresh[$0] == nil }
    guard missing.isEmpty else { return .needs(missing) }
    for step in steps {
      // Before its row is empty: the key's own lifetime counts.
      if event.isRevocation, case .drop(let kid) = step { try RevocationStore(db).append(.key(kid), at: instant) }
      let key = step.makes.flatMap { fresh[$0] }
      guard try store.take(step, fresh: key, schedule, at: instant) else { throw DatabaseError.failed("signing_key changed meanwhile") }
      guard let entry = AuditEvent.signingKey(step, fresh: key, of: records, isRevoked: event.isRevocation) else { continue }
      try AuditLog(db).append(entry, by: provenance, at: instant)
    }
    return .ended(steps.isEmpty ? .nothingToDo : .done)
  }

  /// Away from the event loop that may be asking.
  @concurrent private static func generate(_ algorithm: SigningAlgorithm) async throws -> SigningKey {
    while true {
      let key = try SigningKey.generate(algorithm)
      // Where its name is a word of a command, what begins so is an option.
      if !key.thumbprint.hasPrefix("-") { return key }
    }
  }
}

extension SigningKeyLife.Step {
  /// The algorithm of the key that has to be made for it.
  fileprivate var makes: SigningAlgorithm? {
    switch self {
    case .publish(let algorithm, _), .install(let algorithm): algorithm
    case .activate, .retire, .lengthen, .drop: nil
    }
  }
}

extension SigningKeyLife.Event {
  fileprivate var isRevocation: Bool { if case .revoke = self { true } else { false } }
}

extension AuditEvent {
  /// `nil` for a step that is nobody's business.
  fileprivate static func signingKey(
    _ step: SigningKeyLife.Step, fresh: SigningKey?, of records: [SigningKeyRecord], isRevoked: Bool
  ) -> AuditEvent? {
    func event(_ verb: String, _ kid: String, to stage: SigningKeyRecord.Stage) -> AuditEvent {
      let record = records.first { $0.kid == kid }
      return AuditEvent(
        "key.\(verb)", subject: "key:\(kid)",
        [
          "algorithm": (record?.algorithm ?? fresh?.algorithm)?.rawValue ?? "", "from": record?.stage.rawValue ?? "", "to": stage.rawValue,
        ])
    }
    return switch step {
    case .publish: event("published", fresh?.thumbprint ?? "", to: .published)
    case .install: event("activated", fresh?.thumbprint ?? "", to: .active)
    case .activate(let kid): event("activated", kid, to: .active)
    case .retire(let kid, _): event("retired", kid, to: .retiring)
    case .drop(let kid): event(isRevoked ? "revoked" : "gone", kid, to: .gone)
    case .lengthen: nil
    }
  }
}
