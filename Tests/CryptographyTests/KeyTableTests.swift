import Primitives
import Testing

@testable import Cryptography

@Suite("Verification by a table of the key's multiples")
struct KeyTableTests {
  private func pair() throws -> (key: SigningKey, table: KeyTable) {
    let key = try SigningKey.generate(.es256)
    guard case .ellipticCurve(let x, let y) = key.verifyingKey.jwk else { throw CryptographyError.unusableKey }
    return (key, try #require(KeyTable(x: x, y: y)))
  }

  /// What OpenSSL itself says: a key that was never used has no table yet.
  private func reference(_ key: SigningKey, _ signature: [UInt8], _ message: [UInt8]) throws -> Bool {
    try VerifyingKey(key.verifyingKey.jwk).isValid(signature, over: message)
  }

  @Test("it agrees with OpenSSL's verification on good signatures, on every single-bit flip and on random ones")
  func agrees() throws {
    for _ in 0..<4 {
      let (key, table) = try pair()
      let message = [UInt8].random(count: 200)
      let digest = Digest.sha256(message)
      let good = try key.sign(message)
      #expect(table.isValid(good[...], over: digest) == true)
      for bit in 0..<512 {
        var flipped = good
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(table.isValid(flipped[...], over: digest) == false)
        #expect(try !reference(key, flipped, message))
      }
      for bit in 0..<256 {
        var other = digest
        other[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(table.isValid(good[...], over: other) == false)
      }
      for _ in 0..<200 { #expect(table.isValid([UInt8].random(count: 64)[...], over: digest) == false) }
    }
  }

  @Test("a thousand keys and messages: the same verdict as OpenSSL's")
  func manyKeys() throws {
    for _ in 0..<20 {
      let (key, table) = try pair()
      for round in 0..<50 {
        let message = [UInt8].random(count: round)
        var signature = try key.sign(message)
        if round % 3 == 0 { signature.swapAt(round, 63 - round % 7) }
        let expected = try reference(key, signature, message)
        #expect(table.isValid(signature[...], over: Digest.sha256(message)) == expected)
      }
    }
  }

  @Test(
    "r and s outside 1 to n - 1 are refused",
    arguments: [
      (0, 32), (32, 64),
    ])
  func range(start: Int, end: Int) throws {
    let (key, table) = try pair()
    let message = Array("range".utf8)
    let digest = Digest.sha256(message)
    let order = try #require(Hex.decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))
    for edge in [[UInt8](repeating: 0, count: 32), order, [UInt8](repeating: 255, count: 32)] {
      var signature = try key.sign(message)
      signature.replaceSubrange(start..<end, with: edge)
      #expect(table.isValid(signature[...], over: digest) == false)
      #expect(try !reference(key, signature, message))
    }
  }

  @Test("another length than 64 bytes is refused")
  func length() throws {
    let (key, table) = try pair()
    let signature = try key.sign(Array("length".utf8))
    let digest = Digest.sha256(Array("length".utf8))
    for wrong in [[], Array(signature.dropLast()), signature + [0]] { #expect(table.isValid(wrong[...], over: digest) == false) }
  }

  @Test("a point that is not on the curve makes no table")
  func foreign() {
    #expect(KeyTable(x: [UInt8](repeating: 1, count: 32), y: [UInt8](repeating: 1, count: 32)) == nil)
    #expect(KeyTable(x: [1], y: [2]) == nil)
  }

  @Test("a key that is used often goes on with its table, and its verdicts stay the same")
  func takesOver() throws {
    let key = try SigningKey.generate(.es256)
    let message = Array("often".utf8)
    let good = try key.sign(message)
    var bad = good
    bad[40] ^= 1
    for _ in 0..<150 {
      #expect(key.verifyingKey.isValid(good, over: message))
      #expect(!key.verifyingKey.isValid(bad, over: message))
    }
    key.verifyingKey.table?.make()
    #expect(key.verifyingKey.table?.use() != nil)
    #expect(key.verifyingKey.isValid(good, over: message))
    #expect(!key.verifyingKey.isValid(bad, over: message))
  }
}

extension [UInt8] {
  fileprivate static func random(count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }
}
