package import Primitives

/// What a refresh token is worth to its session. There is one row a session, and in it the digests of the current token and of its
/// predecessor, and for a while the current one again, sealed under the predecessor's secret.
///
///     resting ───current: rotate───▶ rotated(at) ◀─┐ current, which is the successor: rotate
///        ▲                             │  │  │  └──┘
///        │                             │  │  └─predecessor within the grace: the same successor again, the state stays
///        └───the grace is over─────────┘  │
///        │                                │
///        └──predecessor, ancestor──▶ ended ◀──predecessor after the grace, ancestor: theft
///
///     over: its time has passed          ended: logout, revocation, theft; nothing leads out of either
///
/// The grace is counted from the stored moment of the rotation. A clock that was set back makes that a moment in the future, and
/// that is outside the grace: what could be anybody's second use is never answered. A stranger, a token that this server did not
/// make for the session, changes nothing, so that who knows a session's id cannot end it.
package enum RefreshState: Sendable, Equatable {
  /// No predecessor can be answered any more, or there is none yet.
  case resting
  /// The current token is not yet used, as far as the server knows.
  case rotated(at: Instant)
  case over
  case ended

  /// What was presented, by its place in the session's line of tokens.
  package enum Presented: Sendable, CaseIterable {
    case current
    /// The one before the current.
    case predecessor
    /// Any before that.
    case ancestor
    case stranger
  }

  package enum Action: Sendable, Equatable {
    /// Give out a successor; what was current becomes the predecessor.
    case rotate
    case repeatSuccessor
    /// End the session: two hold its token.
    case endForTheft
    case refuse(Refusal)
  }

  package enum Refusal: Sendable, Equatable {
    case unknown
    case over
    case ended
  }

  /// A rotation may seem to lie ahead by as much as the clocks of two machines on one database differ.
  static let clockTolerance = Duration.seconds(1)

  package mutating func handle(_ presented: Presented, at instant: Instant, grace: Duration) -> Action {
    switch (self, presented) {
    case (_, .stranger): return .refuse(.unknown)
    case (.ended, _): return .refuse(.ended)
    case (.over, _): return .refuse(.over)
    case (_, .current):
      self = .rotated(at: instant)
      return .rotate
    case (.rotated(let rotation), .predecessor) where Self.isOpen(rotation, at: instant, grace): return .repeatSuccessor
    case (_, .predecessor), (_, .ancestor):
      self = .ended
      return .endForTheft
    }
  }

  private static func isOpen(_ rotation: Instant, at instant: Instant, _ grace: Duration) -> Bool {
    let age = instant - rotation
    return age >= .zero - clockTolerance && age <= grace
  }
}
