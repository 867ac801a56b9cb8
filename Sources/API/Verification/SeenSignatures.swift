internal import Primitives
private import Synchronization

/// Signatures that have been used, for as long as they could be used again: ten minutes cover the five on either side of
/// the clock. At most a million; past that nothing is forgotten early, and new ones are refused.
final class SeenSignatures: Sendable {
  enum Verdict: Sendable, Equatable {
    case new
    case seen
    case full
  }

  private static let capacity = 1_000_000
  private static let retention = Duration.minutes(10)

  /// Two generations, so that forgetting is one assignment and not a walk under the lock.
  private struct Generations {
    var current: Set<[UInt8]> = []
    var previous: Set<[UInt8]> = []
    var startedAt: Instant?
  }

  // A mutex: held for a set lookup. Loops meet here only where every call is signed.
  private let generations = Mutex(Generations())

  func remember(_ signature: [UInt8], at instant: Instant) -> Verdict {
    generations.withLock { generations in
      let age = generations.startedAt.map { instant - $0 }
      if age.map({ $0 >= Self.retention }) ?? true {
        let isStale = age.map { $0 >= Self.retention + Self.retention } ?? true
        generations.previous = isStale ? [] : generations.current
        generations.current = []
        generations.startedAt = instant
      }
      if generations.current.contains(signature) || generations.previous.contains(signature) { return .seen }
      guard generations.current.count + generations.previous.count < Self.capacity else { return .full }
      generations.current.insert(signature)
      return .new
    }
  }
}
