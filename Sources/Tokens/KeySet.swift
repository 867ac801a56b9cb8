package import Cryptography
private import Synchronization

/// The keys of one moment. Never changed: a rotation makes another one and puts it into `LiveKeySet`.
package struct KeySet: Sendable {
  /// The life of a key: published → active → retiring → gone.
  package enum State: String, Sendable, CaseIterable {
    /// Shown to verifiers, not used yet, so that nobody meets a signature by a key that he has not fetched.
    case published
    /// Signs.
    case active
    /// Signs no more; what it signed is good until it ends.
    case retiring
  }

  package struct Entry: Sendable {
    package let key: SigningKey
    package let state: State

    package init(_ key: SigningKey, _ state: State) {
      self.key = key
      self.state = state
    }

    /// The `kid`: the key's RFC 7638 thumbprint.
    package var id: String { key.thumbprint }
  }

  /// In the order in which they were given; the last active one of an algorithm signs.
  package let entries: [Entry]
  private let verifyingKeys: [String: VerifyingKey]

  package init(_ entries: [Entry]) {
    self.entries = entries
    verifyingKeys = Dictionary(entries.map { ($0.id, $0.key.verifyingKey) }) { first, _ in first }
  }

  /// The key with this `kid`, in whatever state.
  package subscript(_ id: String) -> VerifyingKey? { verifyingKeys[id] }

  /// The key that signs; `nil` where there is none of this algorithm.
  package func active(_ algorithm: SigningAlgorithm) -> SigningKey? {
    entries.last { $0.state == .active && $0.key.algorithm == algorithm }?.key
  }
}

/// The current `KeySet`, which issuers and verifiers share and a rotation replaces whole.
///
/// The lock is held for the copy of one reference.
package final class LiveKeySet: Sendable {
  private let keys: Mutex<KeySet>
  private let count = Atomic<UInt64>(0)

  package init(_ keys: KeySet) { self.keys = Mutex(keys) }

  /// Another one after every replacement, so that what was verified before can be seen to be old; read it before `current`.
  package var generation: UInt64 { count.load(ordering: .acquiring) }

  package var current: KeySet { keys.withLock { $0 } }

  package func replace(with keys: KeySet) {
    self.keys.withLock { $0 = keys }
    count.wrappingAdd(1, ordering: .acquiringAndReleasing)
  }
}
