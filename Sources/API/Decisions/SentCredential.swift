internal import Cryptography
private import Glibc
internal import HTTP

/// What a request brings to prove who sends it: `Authorization: Bearer`, `X-API-Key`, or both, which then have to agree.
enum SentCredential {
  case none
  case token(ArraySlice<UInt8>)
  case key(ArraySlice<UInt8>)
  case both(token: ArraySlice<UInt8>, key: ArraySlice<UInt8>)
  /// Twice, or not in the form of its scheme.
  case malformed

  init(_ headers: Headers) {
    var token: ArraySlice<UInt8>?
    switch headers.occurrence(of: "authorization") {
    case .absent: break
    case .repeated:
      self = .malformed
      return
    case .once(let value):
      // Another scheme is somebody else's business, the service's behind for one.
      guard Self.isBearer(value) else { break }
      token = value.dropFirst(7)
    }
    switch headers.occurrence(of: "x-api-key") {
    case .absent: self = token.map { .token($0) } ?? .none
    case .repeated: self = .malformed
    case .once(let key): self = token.map { .both(token: $0, key: key) } ?? .key(key)
    }
    if let token, token.isEmpty || Self.hasSpace(token) { self = .malformed }
  }

  private static func hasSpace(_ text: ArraySlice<UInt8>) -> Bool {
    text.withUnsafeBytes { bytes in bytes.baseAddress.map { memchr($0, 32, bytes.count) != nil } ?? false }
  }

  var isSent: Bool { if case .none = self { false } else { true } }

  /// The scheme in any case, and one space (RFC 6750, section 2.1).
  private static func isBearer(_ value: ArraySlice<UInt8>) -> Bool {
    var index = value.startIndex
    for letter in "bearer".utf8 {
      guard index < value.endIndex, value[index] | 32 == letter else { return false }
      index += 1
    }
    return index == value.endIndex || value[index] == 32
  }
}

/// The SHA-256 of a credential's text, by which it is remembered: the text itself is not kept, and how long a look-up takes says
/// nothing about it.
struct CredentialDigest: Hashable {
  private let words: (UInt64, UInt64, UInt64, UInt64)
  /// A key that is sent for a token, or a token for a key, is another credential, and none.
  private let isKey: Bool

  init(_ text: ArraySlice<UInt8>, isKey: Bool) {
    self.isKey = isKey
    let digest = text.withUnsafeBytes { Digest.sha256($0) }
    words = digest.withUnsafeBytes {
      (
        $0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
        $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self), $0.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
      )
    }
  }

  static func == (left: Self, right: Self) -> Bool { left.words == right.words && left.isKey == right.isKey }

  /// A digest is spread evenly already, and nobody can choose one: eight bytes are enough.
  func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
