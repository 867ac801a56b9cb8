internal import Cryptography
package import Primitives

/// Who is being counted. No two of them share a bucket.
package enum PaceKey: Hashable, Sendable {
  /// A site: an IPv4 address, or the /64 that one subscriber holds.
  case address(PaceClass, IPAddress)
  /// An account by its id; for sign-ins a keyed digest of the username: unknown names are counted as known ones are.
  case account(PaceClass, [UInt8])
  /// A calling application, by its id.
  case application(PaceClass, [UInt8])
  /// An application's key, by its id.
  case key(PaceClass, [UInt8])
  /// Everybody together.
  case total(PaceClass)
  /// Who a gateway asks about: a session, an application or a key, by its id.
  case credential([UInt8])
  /// The client behind a gateway, where no credential is good.
  case client(IPAddress)
  /// The same client, for credentials that have to be verified first.
  case unknown(IPAddress)
  /// Messages to people: whom they are for, or who asks for them, told apart by the first byte.
  case message([UInt8])

  /// The bits of a site's hash in which its buckets differ: the others say where they are looked for. The lowest is the table's.
  static let kinds: UInt64 = 0x7F

  /// Where all of a site's buckets are looked for first.
  static func hash(_ site: IPAddress, _ hash: KeyedHash) -> UInt64 {
    withUnsafeBytes(of: (site.high, site.low)) { hash($0) } & ~kinds
  }

  func hash(_ hash: KeyedHash) -> UInt64 {
    switch self {
    case .address(let paceClass, let site): Self.hash(site, hash) | paceClass.number << 1
    case .account(let paceClass, let bytes): Self.hash(hash, 2, paceClass, bytes)
    case .application(let paceClass, let bytes): Self.hash(hash, 3, paceClass, bytes)
    case .key(let paceClass, let bytes): Self.hash(hash, 4, paceClass, bytes)
    case .total(let paceClass): Self.hash(hash, 5, paceClass, [])
    case .credential(let bytes): Self.hash(hash, 6, .unlimited, bytes)
    // The numbers after those of the classes.
    case .client(let site): Self.hash(site, hash) | 5 << 1
    case .unknown(let site): Self.hash(site, hash) | 6 << 1
    case .message(let bytes): Self.hash(hash, 9, .unlimited, bytes)
    }
  }

  private static func hash(_ hash: KeyedHash, _ kind: UInt64, _ paceClass: PaceClass, _ bytes: [UInt8]) -> UInt64 {
    withUnsafeTemporaryAllocation(byteCount: 8 + bytes.count, alignment: 8) { buffer in
      buffer.storeBytes(of: kind << 8 | paceClass.number, as: UInt64.self)
      UnsafeMutableRawBufferPointer(rebasing: buffer[8...]).copyBytes(from: bytes)
      return hash(UnsafeRawBufferPointer(buffer))
    }
  }
}

extension PaceClass {
  fileprivate var number: UInt64 {
    switch self {
    case .strict: 1
    case .normal: 2
    case .relaxed: 3
    case .unlimited: 4
    }
  }
}
