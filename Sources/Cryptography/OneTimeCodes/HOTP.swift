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
    return truncated(mac, digits)
  }

  /// The codes for `counters`, in their order.
  static func codes(_ secret: Secret, counters: [UInt64], digits: Int, algorithm: Algorithm) -> [[UInt8]] {
    var macs = algorithm.hmac(all: counters.map { counter in withUnsafeBytes(of: counter.bigEndian) { Array($0) } }, key: secret)
    defer { for index in macs.indices { Secret.wipe(&macs[index]) } }
    return macs.map { truncated($0, digits) }
  }

  /// Dynamic truncation (RFC 4226, section 5.3).
  private static func truncated(_ mac: [UInt8], _ digits: Int) -> [UInt8] {
    let offset = Int(mac[mac.count - 1] & 15)
    var number = mac[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
    let count = min(max(digits, possibleDigits.lowerBound), possibleDigits.upperBound)
    var code = [UInt8](repeating: 0, count: count)
    for index in code.indices.reversed() {
      code[index] = UInt8(ascii: "0") + UInt8(number % 10)
      number /= 10
    }
    return code
  }
}
