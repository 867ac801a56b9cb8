import Cryptography
import Primitives
import Testing

struct DigestTests {
  // FIPS 180-4 and RFC 4231 / RFC 2202, as published.
  @Test("SHA-256 and SHA-512 of nothing and of abc are those of FIPS 180-4")
  func digests() {
    #expect(Hex.encode(Digest.sha256([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(Hex.encode(Digest.sha256(Array("abc".utf8))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      Hex.encode(Digest.sha512(Array("abc".utf8)))
        == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    )
  }

  @Test("keyed digests are those of RFC 2202 and RFC 4231")
  func codes() {
    let key = Secret(copying: Array("Jefe".utf8))
    let message = Array("what do ya want for nothing?".utf8)
    #expect(Hex.encode(HMAC.sha1(message, key: key)) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    #expect(Hex.encode(HMAC.sha256(message, key: key)) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    #expect(
      Hex.encode(HMAC.sha512(message, key: key))
        == "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
    )
  }

  @Test("a key longer than a block and a message that is a secret are taken")
  func longKey() {
    let key = Secret(copying: [UInt8](repeating: 0xAA, count: 131))
    let message = "Test Using Larger Than Block-Size Key - Hash Key First"
    let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    #expect(Hex.encode(HMAC.sha256(Array(message.utf8), key: key)) == expected)
    #expect(HMAC.sha256(Secret(copying: message.utf8), key: key).withBytes { Hex.encode($0) } == expected)
  }

  @Test("many threads at once get the right digests")
  func threads() async {
    let key = Secret(copying: Array("Jefe".utf8))
    await withTaskGroup(of: Bool.self) { group in
      for task in 0..<8 {
        group.addTask {
          let message = [UInt8](repeating: UInt8(task), count: 100)
          let (digest, code) = (Digest.sha256(message), HMAC.sha256(message, key: key))
          return (0..<500).allSatisfy { _ in Digest.sha256(message) == digest && HMAC.sha256(message, key: key) == code }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }
}
