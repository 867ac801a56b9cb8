private import Synchronization

/// What a committed transaction changed for whoever keeps knowledge of it in memory. The store that writes announces it, so that
/// no service can forget to.
package enum ChangedSubject: Hashable, Sendable {
  case account([UInt8])
  case application([UInt8])
  case session([UInt8])
  /// A key of an application or of a user.
  case key([UInt8])
  /// Roles, their permissions, their hierarchy, separations of duty.
  case roles
  case signingKeys
  /// The feed for verifiers elsewhere.
  case revocations
  /// Messages that are to be sent.
  case outbox

  fileprivate var stripe: Int {
    switch self {
    case .account(let id): Self.hash(1, id)
    case .application(let id): Self.hash(2, id)
    case .session(let id): Self.hash(3, id)
    case .key(let id): Self.hash(4, id)
    case .roles: Self.hash(5, [])
    case .signingKeys: Self.hash(6, [])
    case .revocations: Self.hash(7, [])
    case .outbox: Self.hash(8, [])
    }
  }

  /// FNV-1a: who chose an identifier so that it shares a stripe with another would gain nothing but a few reads.
  private static func hash(_ kind: UInt8, _ id: [UInt8]) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    hash = (hash ^ UInt64(kind)) &* 0x100_0000_01B3
    for byte in id { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return Int(truncatingIfNeeded: (hash ^ hash >> 32) & UInt64(Changes.stripes - 1))
  }
}

/// Counts changes by subject, so that what was read once can be used as long as nothing changed: take the stamp, read the rows,
/// keep both, and use the rows while the stamp is current. A change is counted after its commit and before anybody hears of its
/// success, so whoever was told of a revocation knows that no later look passes over it.
///
/// Subjects share a fixed number of counters: there is nothing that grows, nothing to rebuild at the start, no clock to trust, and
/// two that share a counter cost each other a read, never a wrong answer.
package final class Changes: Sendable {
  fileprivate static let stripes = 16_384

  private let counters: InlineArray<16_384, Atomic<UInt64>>

  // A mutex: held to copy a few references, and asked only for `.outbox`.
  private let listeners = Mutex<[@Sendable () -> Void]>([])

  package init() { counters = InlineArray { _ in Atomic(0) } }

  /// What the count was at one moment.
  package struct Stamp: Sendable, Hashable {
    fileprivate let stripe: Int
    fileprivate let count: UInt64
  }

  /// To be taken before the rows are read.
  package func stamp(of subject: ChangedSubject) -> Stamp {
    let stripe = subject.stripe
    return Stamp(stripe: stripe, count: counters[stripe].load(ordering: .acquiring))
  }

  package func isCurrent(_ stamp: Stamp) -> Bool { counters[stamp.stripe].load(ordering: .acquiring) == stamp.count }

  /// Also for knowledge that is put in force after the commit, such as the keys in this process's hands.
  package func count(_ subjects: some Sequence<ChangedSubject>) {
    for subject in subjects {
      counters[subject.stripe].wrappingAdd(1, ordering: .acquiringAndReleasing)
      if subject == .outbox { for wake in listeners.withLock({ $0 }) { wake() } }
    }
  }

  /// Calls `wake` after every commit that adds messages, on the thread that committed: it must be quick and not block.
  package func listenToOutbox(_ wake: @escaping @Sendable () -> Void) { listeners.withLock { $0.append(wake) } }
}
