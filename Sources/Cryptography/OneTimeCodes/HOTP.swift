package import Primitives

/// HMAC-based one-time codes (RFC 4226), also with SHA-256 and SHA-512 (RFC 6238, section 1.2).
package enum HOTP {
  package enum Algorithm: String, Sendable, CaseIterable {
    case sha1 = "SHA1"
    case sha256 = "SHA256"
    case sha512 = "SHA512"

    var hmac: HMAC {
      switch self {
      case .sha1: .sha1
      case .sha256: .sha256
      case .sha512: .sha512
      }
    }
  }

  /// How many digits a code may have: RFC 4226 asks for at least six, and a 31-bit number has hardly more than nine.
  package static let possibleDigits = 6...8

  /// The code for `counter` as ASCII digits, leading zeros kept. `digits` outside `possibleDigits` is moved into it.
  package static func code(_ secret: Secret, counter: UInt64, digits: Int = 6, algorithm: Algorithm = .sha1) -> [UInt8] {
    let message = withUnsafeBytes(of: counter.bigEndian) { Array($0) }
    var mac = algorithm.hmac(message, key: secret)
    defer { Secret.wipe(&mac) }
    var code = [UInt8](repeating: 0, count: length(digits))
    mac.withUnsafeBytes { mac in code.withUnsafeMutableBytes { truncate(mac, into: $0) } }
    return code
  }

  static func length(_ digits: Int) -> Int { min(max(digits, possibleDigits.lowerBound), possibleDigits.upperBound) }

  /// Dynamic truncation (RFC 4226, section 5.3), to as many digits as there is room for.
  static func truncate(_ mac: UnsafeRawBufferPointer, into code: UnsafeMutableRawBufferPointer) {
    let offset = Int(mac[mac.count - 1] & 15)
    var number = UInt32(bigEndian: mac.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) & 0x7FFF_FFFF
    for index in code.indices.reversed() {
      code[index] = UInt8(ascii: "0") + UInt8(number % 10)
      number /= 10
    }
  }
}
