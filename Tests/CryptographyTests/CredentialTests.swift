import Cryptography
import Primitives
import Testing

struct CredentialTests {
  private enum Row {}
  private let id = Identifier<Row>(at: Instant(unixSeconds: 1_800_000_000))

  @Test(
    "a credential reads back with its id and secret, 88 characters that a double click selects", arguments: OpaqueCredential.Kind.allCases)
  func roundTrip(kind: OpaqueCredential.Kind) throws {
    let credential = OpaqueCredential(kind, for: id)
    let text = credential.text
    #expect(text.utf8.count == OpaqueCredential.length)
    #expect(text.hasPrefix(kind.rawValue))
    #expect(text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
    let read = try #require(OpaqueCredential(parsing: text, as: kind))
    #expect(read.identifier(of: Row.self) == id)
    #expect(read.secret.isEqual(to: credential.secret))
    #expect(read.digest == Digest.sha256(credential.secret))
    #expect(read.text == text)
  }

  @Test("two credentials of one row differ")
  func fresh() {
    #expect(OpaqueCredential(.apiKey, for: id).text != OpaqueCredential(.apiKey, for: id).text)
  }

  @Test("a credential of one kind is none of another, even with its prefix changed")
  func kinds() {
    for kind in OpaqueCredential.Kind.allCases {
      let text = OpaqueCredential(kind, for: id).text
      for other in OpaqueCredential.Kind.allCases where other != kind {
        #expect(OpaqueCredential(parsing: text, as: other) == nil)
        #expect(OpaqueCredential(parsing: other.rawValue + text.dropFirst(4), as: other) == nil)
      }
    }
  }

  @Test("one changed character, a missing one, one more, or capitals are refused before any lookup")
  func damage() {
    let good = Array(OpaqueCredential(.apiKey, for: id).text.utf8)
    for index in good.indices {
      for replacement in Array("a7_-A1 ".utf8) + [0, 255] where replacement != good[index] {
        var damaged = good
        damaged[index] = replacement
        #expect(OpaqueCredential(parsing: damaged, as: .apiKey) == nil)
      }
      var shorter = good
      shorter.remove(at: index)
      #expect(OpaqueCredential(parsing: shorter, as: .apiKey) == nil)
      #expect(OpaqueCredential(parsing: good.prefix(index), as: .apiKey) == nil)
    }
    #expect(OpaqueCredential(parsing: good + [UInt8(ascii: "a")], as: .apiKey) == nil)
    #expect(OpaqueCredential(parsing: String(decoding: good, as: UTF8.self).uppercased(), as: .apiKey) == nil)
    #expect(OpaqueCredential(parsing: "", as: .apiKey) == nil)
  }

  @Test("a secret made elsewhere must have 32 bytes")
  func givenSecret() throws {
    #expect(OpaqueCredential(.refreshToken, for: id, secret: Secret(copying: [UInt8](repeating: 1, count: 31))) == nil)
    let given = try #require(OpaqueCredential(.refreshToken, for: id, secret: Secret(copying: [UInt8](repeating: 1, count: 32))))
    #expect(OpaqueCredential(parsing: given.text, as: .refreshToken)?.digest == given.digest)
  }

  @Test("a set has ten different recovery codes in four groups of four")
  func recoveryCodes() {
    let texts = RecoveryCode.newSet().map(\.text)
    #expect(texts.count == 10 && Set(texts).count == 10)
    #expect(texts.allSatisfy { $0.split(separator: "-").map(\.count) == [4, 4, 4, 4] })
  }

  @Test("a recovery code may be typed in capitals and with hyphens and spaces anywhere")
  func typing() throws {
    let code = RecoveryCode()
    let key = Secret(copying: Array("key".utf8))
    let compact = code.text.replacing("-", with: "")
    for typed in [code.text, compact, compact.uppercased(), code.text.replacing("-", with: " "), " " + code.text + "-", "-" + compact] {
      #expect(try #require(RecoveryCode(parsing: Secret(copying: typed.utf8))).digest(key: key) == code.digest(key: key))
    }
    #expect(code.digest(key: Secret(copying: Array("other".utf8))) != code.digest(key: key))
    #expect(RecoveryCode().digest(key: key) != code.digest(key: key))
  }

  @Test(
    "what is no recovery code is refused",
    arguments: ["", "-", "aaaa", "aaaa-aaaa-aaaa-aaa", "aaaa-aaaa-aaaa-aaaaa", "aaaa-aaaa-aaaa-aaa1"])
  func malformedCodes(typed: String) {
    #expect(RecoveryCode(parsing: Secret(copying: typed.utf8)) == nil)
    #expect(RecoveryCode(parsing: Secret(copying: (typed + String(repeating: "-", count: 100)).utf8)) == nil)
  }
}
