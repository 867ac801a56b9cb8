internal import COpenSSL
internal import CTLS
package import Primitives
private import Synchronization

/// The keys that seal session tickets (RFC 5077): random, in memory only, one set for all loops of a listener. A ticket opens with
/// the newest key or the one before; what is older costs its owner a full handshake.
package final class TicketKeys: Sendable {
  /// Also how long a session may be resumed.
  package static let lifetime = Duration.hours(4)

  private struct Key {
    let name: [UInt8]
    let encryption: [UInt8]
    let authentication: [UInt8]
    let madeAt: Instant

    /// `nil` where there is no randomness.
    init?(at now: Instant) {
      var random = [UInt8](repeating: 0, count: 80)
      guard RAND_priv_bytes(&random, 80) == 1 else { return nil }
      name = Array(random[..<16])
      encryption = Array(random[16..<48])
      authentication = Array(random[48...])
      madeAt = now
    }
  }

  /// Newest first, at most two. Held for a look, and once every few hours for an exchange.
  private let keys = Mutex<[Key]>([])
  private let now: Now

  package init(now: Now) { self.now = now }

  /// Puts a new key in force.
  package func rotate() {
    keys.withLock { keys in
      keys = Key(at: now()).map { [$0] + keys.prefix(1) } ?? []
    }
  }

  /// What OpenSSL asks for each ticket (SSL_CTX_set_tlsext_ticket_key_evp_cb(3)): to seal a new one, or to open the one that is
  /// named. -1: no randomness; 0: not ours; 1; 2: opened, and a new one is due.
  static let callback:
    @convention(c) (
      OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?, OpaquePointer?, OpaquePointer?, Int32
    ) -> Int32 = { connection, name, vector, cipher, mac, isSealing in
      guard let name, let vector, let context = SSL_get_SSL_CTX(connection), let owner = SSL_CTX_get_ex_data(context, 0) else { return -1 }
      let keys = Unmanaged<TicketKeys>.fromOpaque(owner).takeUnretainedValue()
      if isSealing == 1 { return keys.seal(name, vector, cipher, mac) }
      let opened = keys.open(name, vector, cipher, mac)
      // A ticket that travels twice would tell who listens that it is the same client (RFC 8446, appendix C.4): each gets a successor.
      return opened == 1 && SSL_version(connection) == TLS1_3_VERSION ? 2 : opened
    }

  private func seal(
    _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer?, _ mac: OpaquePointer?
  ) -> Int32 {
    let time = now()
    let age = keys.withLock { $0.first.map { time - $0.madeAt } } ?? Self.lifetime
    if age >= Self.lifetime || age < .zero { rotate() }
    guard let key = keys.withLock({ $0.first }), RAND_bytes(vector, 16) == 1 else { return -1 }
    for (index, byte) in key.name.enumerated() { name[index] = byte }
    guard EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.encryption, vector) == 1, Self.authenticate(mac, key) else { return -1 }
    return 1
  }

  private func open(
    _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer?, _ mac: OpaquePointer?
  ) -> Int32 {
    let wanted = UnsafeBufferPointer(start: name, count: 16)
    let known = keys.withLock { $0 }
    guard let index = known.firstIndex(where: { $0.name.elementsEqual(wanted) }) else { return 0 }
    let key = known[index]
    // Nobody makes tickets for a long time, and the newest key grows old.
    guard now() - key.madeAt < Self.lifetime * 2 else { return 0 }
    guard Self.authenticate(mac, key), EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nil, key.encryption, vector) == 1 else { return -1 }
    return index == 0 ? 1 : 2
  }

  private static func authenticate(_ mac: OpaquePointer?, _ key: Key) -> Bool {
    key.authentication.withUnsafeBytes { bytes in
      bytes.baseAddress.map { cf_tls_authenticate_ticket(mac, $0, bytes.count) == 1 } ?? false
    }
  }
}
