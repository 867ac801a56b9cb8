import Cryptography
import Primitives
import TestVectors
import Testing
import WebAuthn

/// What a single wrong bit does to the W3C's vectors.
@Suite(.enabled(if: OutsideVectors.arePresent, Comment(rawValue: OutsideVectors.absence)))
struct BitFlipTests {
  @Test("ten thousand single wrong bits in what is signed are refused, one and all")
  func signed() throws {
    let anchors = try VectorPair.anchors
    let pairs = try VectorPair.all.map { ($0, try $0.register(anchors)) }
    var random = SeededGenerator(seed: 0x5EED_0F_B175)
    var refused = 0
    while refused < 10_000 {
      let (pair, original) = try #require(pairs.randomElement(using: &random))
      let part = try #require(VectorPair.Part.allCases.randomElement(using: &random))
      let bit = Int.random(in: 0..<pair[part].count * 8, using: &random)
      guard !pair.isUnsigned(bit / 8, in: part) else { continue }
      var flipped = pair
      flipped[part][bit / 8] ^= 1 << (bit % 8)
      // A wrong bit in a certificate can leave a statement that nobody vouches for any more: refused where attestation counts.
      let isRefused =
        switch part {
        case .registrationClientData: (try? flipped.register(anchors)) == nil
        case .attestationObject:
          (try? flipped.register(anchors)).map { original.attestation.isTrusted && !$0.attestation.isTrusted } ?? true
        default: (try? flipped.assert(by: CredentialKey(known: COSEKey(original.publicKey).numbers))) == nil
        }
      #expect(isRefused, "bit \(bit) of \(part) of \(pair.title)")
      refused += 1
    }
  }

  @Test("a wrong bit in client data that nobody signs or compares changes nothing in the record of the credential")
  func unread() throws {
    for pair in try VectorPair.all {
      let original = try pair.register(nil)
      for index in pair[.registrationClientData].indices where pair.isUnsigned(index, in: .registrationClientData) {
        var flipped = pair
        flipped[.registrationClientData][index] ^= 1
        guard let record = try? flipped.register(nil) else { continue }
        #expect(record.credentialID == original.credentialID && record.publicKey == original.publicKey)
        #expect(record.flags == original.flags && record.counter == original.counter && record.model == original.model)
      }
    }
  }

  /// What nobody signs in a registration without (full) attestation: whoever could change it there could as well have made another
  /// credential. What the flip does is seen in the record, and the credential that answers later is the same or none.
  @Test("a wrong bit in what nobody signs is refused, or is seen in the record of the credential, and in nothing else")
  func unsigned() throws {
    for pair in try VectorPair.all {
      let original = try pair.register(nil)
      let bytes = pair[.attestationObject]
      for index in bytes.indices where pair.isUnsigned(index, in: .attestationObject) {
        for bit in 0..<8 {
          var flipped = pair
          flipped[.attestationObject][index] ^= 1 << bit
          guard let record = try? flipped.register(nil) else { continue }
          #expect(record.credentialID == original.credentialID && record.publicKey == original.publicKey)
          #expect(!record.attestation.isTrusted)
          let field = try #require(pair.unsignedField(index), "byte \(index) of \(pair.title)")
          switch field {
          case .flags: #expect(record.flags != original.flags)
          case .counter: #expect(record.counter != original.counter)
          case .model: #expect(record.model != original.model)
          }
        }
      }
    }
  }
}

extension VectorPair {
  enum UnsignedField { case flags, counter, model }

  /// Whether no signature covers the byte: in registrations without attestation nothing is signed, in `fido-u2f` neither flags nor counter
  /// nor model. Of the client data of the former, type, challenge and origin are compared with what is expected; what is left is a note on
  /// frames and text that nobody reads. Whoever could change these there could as well have left them out.
  func isUnsigned(_ index: Int, in part: Part) -> Bool {
    switch part {
    case .assertionClientData, .authenticatorData, .signature: false
    case .attestationObject: unsignedField(index) != nil
    case .registrationClientData: isWithoutAttestation && isUnread(index)
    }
  }

  /// The field of the authenticator's data to which an unsigned byte of the attestation object belongs.
  func unsignedField(_ index: Int) -> UnsignedField? {
    guard isWithoutAttestation || title.contains("U2F"), let start = authenticatorDataStart else { return nil }
    return switch index - start {
    case 32: .flags
    case 33..<37: .counter
    case 37..<53: .model
    default: nil
    }
  }

  private var isWithoutAttestation: Bool { self[.attestationObject].dropFirst().starts(with: Array("cfmtdnone".utf8)) }

  /// The authenticator's data begins with the hash of the relying party's id, which is nowhere else.
  private var authenticatorDataStart: Int? {
    let bytes = self[.attestationObject]
    let hash = Digest.sha256(Array("example.org".utf8))
    return bytes.indices.first { bytes[$0...].starts(with: hash) }
  }

  /// Beyond the members that are compared.
  private func isUnread(_ index: Int) -> Bool {
    let bytes = self[.registrationClientData]
    let name = Array(",\"crossOrigin\":".utf8)
    guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: name) }) else { return false }
    return index >= start
  }
}

/// The same numbers in every run (SplitMix64), so that a failure can be looked at again.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word >> 31
  }
}
