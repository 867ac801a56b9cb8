private import CCurve
internal import Dispatch
private import Synchronization

/// The multiples of a P-256 public key, made once the key has been used a while: a signature by it is then checked in two thirds of
/// the time. All arithmetic is OpenSSL's; without the table OpenSSL's own verification answers.
///
/// `@unchecked`: the table is never changed after `init`, and verifying only reads it.
final class KeyTable: @unchecked Sendable {
  private let table: OpaquePointer

  /// `nil` unless `x` and `y` are a point of the curve.
  init?(x: [UInt8], y: [UInt8]) {
    let point = [0x04] + x + y
    guard point.count == 65, let table = cf_p256_table_new(point) else { return nil }
    self.table = table
  }

  deinit { cf_p256_table_free(table) }

  /// `nil` where it could not be found out.
  func isValid(_ signature: ArraySlice<UInt8>, over digest: [UInt8]) -> Bool? {
    guard signature.count == ECDSASignature.joseCount, digest.count == 32 else { return false }
    return signature.withUnsafeBufferPointer { signature -> Bool? in
      guard let base = signature.baseAddress else { return false }
      return switch cf_p256_verify(table, digest, base) {
      case 1: true
      case 0: false
      default: nil
      }
    }
  }
}

/// A table that is made in the background at the hundredth use: keys that are hardly used cost neither time nor memory.
final class LazyKeyTable: Sendable {
  private static let usesBefore = 100

  private let x: [UInt8]
  private let y: [UInt8]
  private let uses = Atomic(0)
  private let table = AtomicLazyReference<KeyTable>()

  init(x: [UInt8], y: [UInt8]) {
    self.x = x
    self.y = y
  }

  /// `nil` until it is made.
  func use() -> KeyTable? {
    if let table = table.load() { return table }
    if uses.wrappingAdd(1, ordering: .relaxed).newValue == Self.usesBefore {
      DispatchQueue.global(qos: .utility).async { self.make() }
    }
    return nil
  }

  func make() {
    if let made = KeyTable(x: x, y: y) { _ = table.storeIfNil(made) }
  }
}
