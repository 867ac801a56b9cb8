package import Primitives

/// A code for the day on which the phone is gone: 80 random bits as `xxxx-xxxx-xxxx-xxxx` in base 32. Each is good once.
package struct RecoveryCode: Sendable {
  /// How many a user gets at a time.
  package static let countInSet = 10

  private static let byteCount = 10
  private static let groupLength = 4

  private let secret: Secret

  /// A new code.
  package init() { secret = .random(count: Self.byteCount) }

  /// What a person typed: upper or lower case, hyphens and spaces anywhere or nowhere. `nil` where that is no code.
  package init?(parsing typed: Secret) {
    let bytes = typed.withBytes { bytes -> [UInt8]? in
      guard bytes.count <= 64 else { return nil }
      var letters = bytes.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: " ") }
      defer { Secret.wipe(&letters) }
      for index in letters.indices where (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(letters[index]) { letters[index] |= 0x20 }
      return Base32.lower.decode(letters)
    }
    guard var bytes else { return nil }
    defer { Secret.wipe(&bytes) }
    guard bytes.count == Self.byteCount else { return nil }
    secret = Secret(copying: bytes)
  }

  package static func newSet() -> [RecoveryCode] { (0..<countInSet).map { _ in RecoveryCode() } }

  /// What is stored: HMAC-SHA-256 under `key`, since 80 bits are within reach of someone who has the table and much time.
  package func digest(key: Secret) -> [UInt8] {
    HMAC.sha256(secret, key: key).withBytes { Array($0) }
  }

  /// The code in groups, for the one answer that shows it.
  package var text: String {
    let letters = Array(secret.withBytes { Base32.lower.encode($0) }.utf8)
    let groups = stride(from: 0, to: letters.count, by: Self.groupLength).map { start in
      String(decoding: letters[start..<min(start + Self.groupLength, letters.count)], as: UTF8.self)
    }
    return groups.joined(separator: "-")
  }
}
