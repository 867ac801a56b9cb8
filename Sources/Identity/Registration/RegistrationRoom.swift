internal import Persistence
internal import Primitives
private import Synchronization

/// How many registrations wait: counted every ten seconds, and added to between. What bounds the table without a count in every
/// transaction, which would make parallel ones collide.
final class RegistrationRoom: Sendable {
  private static let freshness = Duration.seconds(10)
  /// Beyond the capacity by what a flood brings before the oldest may go.
  private static let most = 2 * RegistrationStore.capacity

  private struct State {
    var count = 0
    var countedAt: Instant?
  }

  // A mutex: held to look or to write a number.
  private let state = Mutex(State())

  /// Takes a place; false where there is none.
  func take(in database: any Database, at instant: Instant) async throws -> Bool {
    let isFresh = state.withLock { state in
      state.countedAt.map { $0 <= instant && instant - $0 < Self.freshness } ?? false
    }
    if !isFresh {
      let count = try await database.read { try RegistrationStore($0).count() }
      state.withLock { $0 = State(count: count, countedAt: instant) }
    }
    return state.withLock { state in
      state.count += 1
      return state.count <= Self.most
    }
  }
}
