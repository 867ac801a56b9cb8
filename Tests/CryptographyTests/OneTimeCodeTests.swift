import Cryptography
import JSON
import Primitives
import TestVectors
import Testing

struct OneTimeCodeTests {
  private let totp = TOTP(secret: Secret(copying: Array("12345678901234567890".utf8)))

  @Test("the counter codes of RFC 4226 come out", .enabled(if: OutsideVectors.arePresent, Comment(rawValue: OutsideVectors.absence)))
  func counterVectors() throws {
    let vector = try #require(OutsideVectors.load("rfc.json")["RFC4226_HOTP"])
    let secret = Secret(copying: try #require(vector["secret_hex"]?.string.flatMap { Hex.decode($0) }))
    let codes = try #require(vector["codes"]?.elements)
    #expect(codes.count == 10)
    for (counter, code) in codes.enumerated() {
      #expect(HOTP.code(secret, counter: UInt64(counter)) == code.string.map { Array($0.utf8) })
    }
  }

  @Test("the time codes of RFC 6238 come out", .enabled(if: OutsideVectors.arePresent, Comment(rawValue: OutsideVectors.absence)))
  func timeVectors() throws {
    let vectors = try #require(OutsideVectors.load("rfc.json")["RFC6238_TOTP"]?.elements)
    #expect(vectors.count == 18)
    for vector in vectors {
      let secret = Secret(copying: try #require(vector["secret_hex"]?.string.flatMap { Hex.decode($0) }))
      let algorithm = try #require(vector["alg"]?.string.flatMap { HOTP.Algorithm(rawValue: $0.uppercased()) })
      let totp = TOTP(secret: secret, algorithm: algorithm, digits: Int(try #require(vector["digits"]?.integer)))
      let step = totp.step(at: Instant(unixSeconds: try #require(vector["time"]?.integer)))
      #expect(totp.code(step: step) == vector["code"]?.string.map { Array($0.utf8) })
    }
  }

  @Test("a code of the step before, the current and the next one passes, and no other")
  func window() {
    let now = Instant(unixSeconds: 1_800_000_010)
    let current = totp.step(at: now)
    for offset in Int64(-4)...4 {
      let step = totp.matchingStep(totp.code(step: current + offset), at: now)
      #expect(step == (abs(offset) <= 1 ? current + offset : nil))
    }
  }

  @Test("a step that was used, and every earlier one, passes no more")
  func usedSteps() {
    let now = Instant(unixSeconds: 1_800_000_010)
    let current = totp.step(at: now)
    let code = totp.code(step: current)
    #expect(totp.matchingStep(code, at: now, after: current - 1) == current)
    #expect(totp.matchingStep(code, at: now, after: current) == nil)
    #expect(totp.matchingStep(totp.code(step: current - 1), at: now, after: current) == nil)
    #expect(totp.matchingStep(totp.code(step: current + 1), at: now, after: current) == current + 1)
  }

  @Test(
    "a code of another length or with anything but its digits is refused", arguments: ["", "1", "12345", "1234567", "12345a", "      "])
  func malformedCodes(code: String) {
    #expect(totp.matchingStep(Array(code.utf8), at: Instant(unixSeconds: 59)) == nil)
  }

  @Test("leading zeros are kept")
  func leadingZeros() {
    let codes = (0..<100).map { HOTP.code(totp.secret, counter: $0) }
    #expect(codes.allSatisfy { $0.count == 6 })
    #expect(codes.contains { $0.first == UInt8(ascii: "0") })
  }

  @Test("the time before 1970 counts backwards and does not crash")
  func beforeTheEpoch() {
    #expect(totp.step(at: Instant(unixSeconds: -1)) == -1)
    #expect(totp.matchingStep(Array("000000".utf8), at: Instant(unixSeconds: -1_000)) == nil)
  }

  @Test("the URI for authenticator apps escapes all that is not unreserved")
  func uri() {
    let totp = TOTP(secret: Secret(copying: Array("12345678901234567890".utf8)), algorithm: .sha256, digits: 8, period: 60)
    #expect(
      totp.uri(issuer: "Acme & Söhne", account: "a+b@example.com:x/y?z#%")
        == "otpauth://totp/Acme%20%26%20S%C3%B6hne:a%2Bb%40example.com%3Ax%2Fy%3Fz%23%25"
        + "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20%26%20S%C3%B6hne&algorithm=SHA256&digits=8&period=60")
  }
}
