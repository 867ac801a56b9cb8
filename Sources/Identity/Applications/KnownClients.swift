internal import Cryptography
internal import Persistence
internal import Primitives
private import Synchronization

/// Applications that authenticated lately with a secret or a key, so that each of their calls does not cost reads of the same rows.
/// What it holds is asked before every use whether it is still current, like a decision's: it never outlives a revocation.
final class KnownClients: Sendable {
  private struct Client {
    /// The row that the credential names.
    let id: [UInt8]
    let standing: Standing
  }

  private static let most = 1024

  // A mutex: held to look up or to keep one entry.
  private let clients = Mutex<[[UInt8]: Client]>([:])

  /// By the digest of the credential's 256 random bits: how long a look-up takes tells nothing about them.
  func application(_ credential: OpaqueCredential, digest: [UInt8], in changes: Changes, at instant: Instant) -> Application? {
    guard let client = clients.withLock({ $0[digest] }), client.id == credential.id else { return nil }
    guard client.standing.isCurrent(in: changes, at: instant) else {
      clients.withLock { _ = $0.removeValue(forKey: digest) }
      return nil
    }
    return client.standing.application
  }

  func keep(_ standing: Standing, of credential: OpaqueCredential, digest: [UInt8]) {
    clients.withLock { clients in
      if clients.count >= Self.most { clients.removeAll(keepingCapacity: true) }
      clients[digest] = Client(id: credential.id, standing: standing)
    }
  }
}
