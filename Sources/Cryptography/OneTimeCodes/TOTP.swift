private import CSodium
package import Primitives

/// Time-based one-time codes (RFC 6238): what an authenticator app shows.
package struct TOTP: Sendable {
  package let secret: Secret
  package let algorithm: HOTP.Algorithm
  package let digits: Int
  /// Seconds for which one code is shown.
  package let period: Int64

  package init(secret: Secret, algorithm: HOTP.Algorithm = .sha1, digits: Int = 6, period: Int64 = 30) {
    self.secret = secret
    self.algorithm = algorithm
    self.digits = min(max(digits, HOTP.possibleDigits.lowerBound), HOTP.possibleDigits.upperBound)
    self.period = max(1, period)
  }

  /// The number of whole periods since the Unix epoch; negative before it.
  package func step(at instant: Instant) -> Int64 {
    let (quotient, remainder) = instant.unixSeconds.quotientAndRemainder(dividingBy: period)
    return remainder < 0 ? quotient - 1 : quotient
  }

  /// The code of one step, as ASCII digits.
  package func code(step: Int64) -> [UInt8] {
    HOTP.code(secret, counter: UInt64(bitPattern: step), digits: digits, algorithm: algorithm)
  }

  /// The earliest step later than `lastUsed` and at most `window` steps from now whose code is `code`; `nil` where there is none.
  ///
  /// Every step of the window is computed and compared, whatever matches, so that the time tells nothing. The caller keeps the
  /// answer as the new `lastUsed`, in the same statement that checks that nobody else did: a code is good once (RFC 6238,
  /// section 5.2).
  package func matchingStep(_ code: [UInt8], at instant: Instant, window: Int64 = 1, after lastUsed: Int64? = nil) -> Int64? {
    code.withUnsafeBytes { matchingStep($0, at: instant, window: window, after: lastUsed) }
  }

  package func matchingStep(
    _ code: UnsafeRawBufferPointer, at instant: Instant, window: Int64 = 1, after lastUsed: Int64? = nil
  ) -> Int64? {
    let now = step(at: instant)
    var match: Int64?
    withUnsafeTemporaryAllocation(byteCount: HOTP.length(digits), alignment: 1) { expected in
      defer { sodium_memzero(expected.baseAddress, expected.count) }
      algorithm.hmac.codes(of: (now - window)...(now + window), key: secret) { step, mac in
        HOTP.truncate(mac, into: expected)
        let isEqual = ConstantTime.areEqual(UnsafeRawBufferPointer(expected), code)
        let isUnused = lastUsed.map { step > $0 } ?? true
        if isEqual, isUnused, match == nil { match = step }
      }
    }
    return match
  }

  /// What an authenticator app reads from a QR code (Google's Key URI Format). It contains the secret: shown once, never logged.
  package func uri(issuer: String, account: String) -> String {
    let key = secret.withBytes { Base32.upper.encode($0) }
    let name = PercentEncoding.encode(issuer)
    return "otpauth://totp/\(name):\(PercentEncoding.encode(account))?secret=\(key)&issuer=\(name)"
      + "&algorithm=\(algorithm.rawValue)&digits=\(digits)&period=\(period)"
  }
}

private enum PercentEncoding {
  /// Everything but the unreserved characters (RFC 3986, section 2.3) is encoded, a space as `%20`: apps do not read `+`.
  static func encode(_ text: String) -> String {
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
        bytes.append(byte)
      default:
        bytes.append(UInt8(ascii: "%"))
        bytes.append(contentsOf: Hex.encode([byte]).uppercased().utf8)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
