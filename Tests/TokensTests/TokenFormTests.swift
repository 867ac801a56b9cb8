import Cryptography
import JSON
import Primitives
import Testing
import Tokens

struct TokenFormTests {
  @Test("anything but three segments of strict base64url is malformed")
  func segments() throws {
    let fixture = try Fixture()
    let good = String(decoding: try fixture.token(), as: UTF8.self)
    let parts = good.split(separator: ".").map(String.init)
    let bad = [
      "", ".", "..", "...", parts[0], parts[0] + "." + parts[1], good + ".", "." + good, good + "." + parts[2], good + "=", good + " ",
      " " + good, good + "\n", good.replacing("_", with: "/"), parts[0] + "=." + parts[1] + "." + parts[2], parts[0] + ".." + parts[2],
      "Bearer " + good, parts[0] + "." + parts[1] + "." + parts[2].dropLast(), good + "A", "\u{0}" + good, good + "\u{0}",
      parts[0] + "." + parts[1] + ".é" + parts[2],
    ]
    for text in bad where text != good {
      let refusal = fixture.refusal(of: Array(text.utf8))
      #expect(refusal == .malformed || refusal == .badSignature, "\(text)")
    }
  }

  @Test("a last character that spells the same bytes otherwise is refused")
  func spareBits() throws {
    let fixture = try Fixture()
    var token = try fixture.token()
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    let last = try #require(alphabet.firstIndex(of: token[token.count - 1]))
    for spare in 1..<16 {
      token[token.count - 1] = alphabet[last & 0x30 | (last + spare) & 15]
      #expect(fixture.refusal(of: token) == .malformed)
    }
  }

  @Test("a token over 8 KiB is refused before it is looked at")
  func length() throws {
    let fixture = try Fixture()
    #expect(fixture.refusal(of: Array(repeating: UInt8(ascii: "A"), count: 8193)) == .tooLong)
    #expect(fixture.refusal(of: Array(repeating: UInt8(ascii: "A"), count: 8192)) == .malformed)
  }

  @Test("a signature of any length but the right one is refused", arguments: SigningAlgorithm.allCases)
  func signatureLengths(algorithm: SigningAlgorithm) throws {
    let fixture = try Fixture(algorithm)
    let parsed = try UnverifiedToken(parsing: fixture.token())
    let text = String(decoding: try fixture.token(), as: UTF8.self)
    let signed = text[..<(try #require(text.lastIndex(of: ".")))]
    let full = parsed.signature
    for count in Set([0, 1, 31, 32, 63, 64, 65, 71, 72, 96, 128, full.count - 1, full.count + 1, 512]) where count != full.count {
      let signature = Array((full + [UInt8](repeating: 0, count: 512)).prefix(count))
      #expect(fixture.refusal(of: Array((signed + "." + Base64URL.encode(signature)).utf8)) == .badSignature)
    }
  }

  @Test("zero, all-ones, DER and lopsided ECDSA signatures are refused")
  func strangeSignatures() throws {
    let fixture = try Fixture()
    let text = String(decoding: try fixture.token(), as: UTF8.self)
    let signed = text[..<(try #require(text.lastIndex(of: ".")))]
    let good = try UnverifiedToken(parsing: Array(text.utf8)).signature
    let (r, s) = (Array(good[..<32]), Array(good[32...]))
    let order = try #require(Hex.decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))
    let zero = [UInt8](repeating: 0, count: 32)
    let der: [UInt8] = [0x30, 0x46, 2, 33, 0] + r + [2, 33, 0] + s
    let strange = [
      zero + zero, zero + s, r + zero, [UInt8](repeating: 255, count: 64), order + s, r + order, s + r, der, [0] + r + s,
      Array(r.dropLast()) + s + [0], [0] + Array(good.dropLast()), zero + zero + good, order + order,
    ]
    for signature in strange {
      #expect(fixture.refusal(of: Array((signed + "." + Base64URL.encode(signature)).utf8)) == .badSignature)
    }
  }

  @Test("no single flipped bit of a token is forgiven", arguments: SigningAlgorithm.allCases)
  func flips(algorithm: SigningAlgorithm) throws {
    let fixture = try Fixture(algorithm)
    let token = try fixture.token()
    var count = 0
    for index in token.indices {
      for bit in 0..<8 {
        var flipped = token
        flipped[index] ^= 1 << bit
        #expect(fixture.refusal(of: flipped) != nil, "byte \(index), bit \(bit)")
        count += 1
      }
    }
    #expect(count > 4000)
  }

  @Test("no single flipped bit of the decoded signature is forgiven", arguments: SigningAlgorithm.allCases)
  func signatureFlips(algorithm: SigningAlgorithm) throws {
    let key = try SigningKey.generate(algorithm)
    let message = Array("a message".utf8)
    let signature = try key.sign(message)
    #expect(key.verifyingKey.isValid(signature, over: message))
    for bit in 0..<(signature.count * 8) {
      var flipped = signature
      flipped[bit / 8] ^= 1 << (bit % 8)
      #expect(!key.verifyingKey.isValid(flipped, over: message), "bit \(bit)")
    }
  }
}
