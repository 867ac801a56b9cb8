import Cryptography
import Primitives
import Testing

struct SealingTests {
  private let key = Secret(copying: [UInt8](repeating: 7, count: 32))
  private let plaintext = Secret(copying: Array("a TOTP secret".utf8))

  // Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", as NIST published it.
  @Test("a box that others sealed is opened")
  func galoisCounterMode() throws {
    func bytes(_ text: String) throws -> [UInt8] { try #require(Hex.decode(text)) }
    let key = Secret(copying: try bytes(String(repeating: "feffe9928665731c6d6a8f9467308308", count: 2)))
    let box = try bytes(
      "cafebabefacedbaddecaf888" + "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" + "76fc6ece0f4e1768cddf8853bb2d551b")
    let opened = AESGCM.open(box, key: key, authenticated: try bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2"))
    #expect(
      opened?.withBytes { Hex.encode($0) }
        == "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
  }

  // RFC 5869, test case 3: no salt, no info. The first 32 of its 42 bytes.
  @Test("a derived key is that of RFC 5869")
  func derivation() {
    let derived = HKDF.derive(Secret(copying: [UInt8](repeating: 0x0B, count: 22)), info: "")
    #expect(derived.withBytes { Hex.encode($0) } == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d")
    #expect(!HKDF.derive(key, info: "a").isEqual(to: HKDF.derive(key, info: "b")))
  }

  @Test("a box opens with its own key and row, and two boxes of one secret differ", arguments: [0, 1, 15, 16, 17, 1000])
  func roundTrip(count: Int) throws {
    let plaintext = Secret(copying: [UInt8](repeating: 1, count: count))
    let box = try AESGCM.seal(plaintext, key: key, authenticated: [1, 2])
    #expect(box.count == count + 28)
    #expect(try #require(AESGCM.open(box, key: key, authenticated: [1, 2])).isEqual(to: plaintext))
    #expect(try AESGCM.seal(plaintext, key: key, authenticated: [1, 2]) != box)
  }

  @Test("no changed bit, cut byte, other row or other key opens a box")
  func tampering() throws {
    let box = try AESGCM.seal(plaintext, key: key, authenticated: [1, 2])
    for bit in 0..<(box.count * 8) {
      var changed = box
      changed[bit / 8] ^= 1 << (bit % 8)
      #expect(AESGCM.open(changed, key: key, authenticated: [1, 2]) == nil)
    }
    for count in box.indices { #expect(AESGCM.open(box.prefix(count), key: key, authenticated: [1, 2]) == nil) }
    #expect(AESGCM.open(box, key: key, authenticated: [1, 3]) == nil)
    #expect(AESGCM.open(box, key: key, authenticated: []) == nil)
    #expect(AESGCM.open(box, key: Secret(copying: [UInt8](repeating: 8, count: 32)), authenticated: [1, 2]) == nil)
    #expect(AESGCM.open(box, key: Secret(copying: [7]), authenticated: [1, 2]) == nil)
  }

  @Test("a key that is kept opens its own boxes and no other, one after another and many at once")
  func keptKey() async throws {
    let kept = AESGCM.Key(key)
    let boxes = try (0..<64).map { try kept.seal(Secret(copying: [UInt8](repeating: UInt8($0), count: $0)), authenticated: [UInt8($0)]) }
    await withTaskGroup(of: Bool.self) { group in
      for worker in 0..<8 {
        group.addTask {
          (0..<500).allSatisfy { round in
            let index = (round * 7 + worker) % boxes.count
            let (box, place) = (boxes[index], [UInt8(index)])
            var changed = box
            changed[(round * 31) % changed.count] ^= 4
            return kept.open(changed[...], authenticated: place) == nil && kept.open(box[...], authenticated: [200]) == nil
              && kept.open(box[...], authenticated: place)?.withBytes { Array($0) } == [UInt8](repeating: UInt8(index), count: index)
          }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
    #expect(AESGCM.Key(Secret(copying: [7])).open(boxes[1][...], authenticated: [1]) == nil)
  }

  @Test("a key of another length seals nothing")
  func keyLength() {
    #expect(throws: CryptographyError.self) { try AESGCM.seal(plaintext, key: Secret(copying: [1]), authenticated: []) }
  }
}
