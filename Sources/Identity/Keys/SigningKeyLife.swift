package import Cryptography
package import Primitives
package import Tokens

/// A signing key with its place in its life, without its private half.
package struct SigningKeyRecord: Sendable, Equatable {
  package enum Stage: String, Sendable, CaseIterable {
    case published
    case active
    case retiring
    /// Over: nothing is left but the `kid`, which is never used again.
    case gone

    /// `nil` for what verifies nothing any more.
    package var live: KeySet.State? {
      switch self {
      case .published: .published
      case .active: .active
      case .retiring: .retiring
      case .gone: nil
      }
    }
  }

  package let kid: String
  package let algorithm: SigningAlgorithm
  package let stage: Stage
  package let createdAt: Instant
  /// Of a published key.
  package let activatesAt: Instant?
  /// `nil` for one that never signed.
  package let activatedAt: Instant?
  /// Of a retiring key, when it will be gone; of one that is gone, when it went.
  package let goneAt: Instant?
  /// How long what it signs can live.
  package let longestLifetime: Duration
}

/// When keys come and go.
package struct KeySchedule: Sendable, Equatable {
  package let publicationLead: Duration
  /// Zero: only by hand.
  package let rotationInterval: Duration
  /// The longest that anything lives that is signed from now on.
  package let longestLifetime: Duration

  package init(publicationLead: Duration, rotationInterval: Duration, longestLifetime: Duration) {
    self.publicationLead = publicationLead
    self.rotationInterval = rotationInterval
    self.longestLifetime = longestLifetime
  }

  package init(_ keys: KeySettings, _ tokens: TokenSettings) {
    self.init(
      publicationLead: keys.publicationLead, rotationInterval: keys.rotationInterval,
      longestLifetime: max(tokens.accessLifetime, Self.shortTokens))
  }

  /// What else is signed (identity tokens, pages of the feed of revocations) lives no longer than this.
  private static let shortTokens = Duration.minutes(5)
  /// How far the clock of somebody who verifies may be behind ours.
  static let leeway = Duration.minutes(1)
}

/// The life of the keys that sign, a pure state machine over the rows, the time and the schedule:
///
///     ──rotate──▶ published ──lead is over──▶ active ──successor signs──▶ retiring ──all it signed has ended──▶ gone
///                     │                         │                            │                                  ▲
///                     └─────────────────────────┴───────────revoke───────────┴──────────────────────────────────┘
///
/// Of every algorithm one key is active, at most one published, and any number retiring. No step goes back, so a clock that does
/// only puts off what is still to come.
package struct SigningKeyLife: Sendable {
  package enum Event: Sendable, Equatable {
    /// Time has passed.
    case time
    case rotate([SigningAlgorithm], isImmediate: Bool)
    /// The `kid` of a key that nobody may trust any more.
    case revoke(String)
  }

  package enum Step: Sendable, Equatable {
    /// Make a key that is shown now and signs later.
    case publish(SigningAlgorithm, activatesAt: Instant)
    /// Make a key that signs at once.
    case install(SigningAlgorithm)
    case activate(kid: String)
    case retire(kid: String, goneAt: Instant)
    /// From now on it signs what lives longer.
    case lengthen(kid: String)
    case drop(kid: String)
  }

  package let records: [SigningKeyRecord]
  package let schedule: KeySchedule

  package init(_ records: [SigningKeyRecord], _ schedule: KeySchedule) {
    self.records = records
    self.schedule = schedule
  }

  /// In the order in which they are to be taken: the old key stops before the new one begins.
  package func steps(on event: Event, at instant: Instant) -> [Step] {
    switch event {
    case .time: SigningAlgorithm.allCases.flatMap { steps(of: $0, at: instant) }
    case .rotate(let algorithms, isImmediate: true): algorithms.flatMap { succession($0, at: instant) }
    case .rotate(let algorithms, isImmediate: false): algorithms.flatMap { publication($0, at: instant) }
    case .revoke(let kid): revocation(kid, at: instant)
    }
  }

  /// What the passing of time does to the keys of one algorithm.
  private func steps(of algorithm: SigningAlgorithm, at instant: Instant) -> [Step] {
    let overdue = keys(algorithm, .retiring).filter { $0.goneAt.map { $0 <= instant } ?? true }.map { Step.drop(kid: $0.kid) }
    guard let active = key(algorithm, .active) else { return overdue + succession(algorithm, at: instant) }
    if let next = key(algorithm, .published) {
      guard let due = next.activatesAt, instant < due else { return overdue + succession(algorithm, at: instant) }
      return overdue + lengthening(active)
    }
    return overdue + lengthening(active) + (isDue(active, at: instant) ? publication(algorithm, at: instant) : [])
  }

  private func lengthening(_ active: SigningKeyRecord) -> [Step] {
    active.longestLifetime < schedule.longestLifetime ? [.lengthen(kid: active.kid)] : []
  }

  /// Whether the successor has to be shown, so that it is known when the key's time is over.
  private func isDue(_ active: SigningKeyRecord, at instant: Instant) -> Bool {
    publicationMoment(after: active).map { $0 <= instant } ?? false
  }

  private func publicationMoment(after active: SigningKeyRecord) -> Instant? {
    guard schedule.rotationInterval > .zero, let activatedAt = active.activatedAt else { return nil }
    return activatedAt + schedule.rotationInterval - schedule.publicationLead
  }

  /// The successor is shown; nothing where one is already.
  private func publication(_ algorithm: SigningAlgorithm, at instant: Instant) -> [Step] {
    guard key(algorithm, .published) == nil else { return [] }
    return [.publish(algorithm, activatesAt: instant + schedule.publicationLead)]
  }

  /// The successor signs: the published one, of which verifiers know, before one that is made now.
  private func succession(_ algorithm: SigningAlgorithm, at instant: Instant) -> [Step] {
    let successor = key(algorithm, .published).map { Step.activate(kid: $0.kid) } ?? .install(algorithm)
    guard let active = key(algorithm, .active) else { return [successor] }
    return [.retire(kid: active.kid, goneAt: end(of: active, at: instant)), successor]
  }

  private func revocation(_ kid: String, at instant: Instant) -> [Step] {
    guard let record = records.first(where: { $0.kid == kid }), record.stage != .gone else { return [] }
    guard record.stage == .active else { return [.drop(kid: kid)] }
    let successor = key(record.algorithm, .published).map { Step.activate(kid: $0.kid) } ?? .install(record.algorithm)
    return [.drop(kid: kid), successor]
  }

  /// When everything has ended that an active key signed until now. Its first signature may lie ahead of a clock that was stepped
  /// back since.
  private func end(of active: SigningKeyRecord, at instant: Instant) -> Instant {
    max(instant, active.activatedAt ?? instant) + active.longestLifetime + KeySchedule.leeway
  }

  private func key(_ algorithm: SigningAlgorithm, _ stage: SigningKeyRecord.Stage) -> SigningKeyRecord? {
    keys(algorithm, stage).last
  }

  private func keys(_ algorithm: SigningAlgorithm, _ stage: SigningKeyRecord.Stage) -> [SigningKeyRecord] {
    records.filter { $0.algorithm == algorithm && $0.stage == stage }
  }
}

/// What is to come.
extension SigningKeyLife {
  /// The next step that time takes with a key, and when; `nil` where there is none.
  package func next(of record: SigningKeyRecord) -> (stage: SigningKeyRecord.Stage, at: Instant)? {
    switch record.stage {
    case .published: record.activatesAt.map { (.active, $0) }
    case .active:
      if let successor = key(record.algorithm, .published) {
        successor.activatesAt.map { (.retiring, $0) }
      } else {
        publicationMoment(after: record).map { (.retiring, $0 + schedule.publicationLead) }
      }
    case .retiring: record.goneAt.map { (.gone, $0) }
    case .gone: nil
    }
  }

  /// When `steps(on: .time)` will next have something to do.
  package var nextMoment: Instant? {
    let moments = records.compactMap { record -> Instant? in
      guard record.stage == .active, key(record.algorithm, .published) == nil else { return next(of: record)?.at }
      return publicationMoment(after: record)
    }
    return moments.min()
  }
}
