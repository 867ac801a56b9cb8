import Cryptography
import JSON
import Primitives

/// An authenticator and its browser, in memory: makes one credential and signs with it, rightly or as wrongly as a test asks.
struct SoftAuthenticator {
  var origin = "https://auth.example.com"
  var party = "auth.example.com"
  /// Zero: it has no counter.
  var counter: UInt32 = 0
  /// User present, user verified.
  var flags: UInt8 = 0b101
  var id = Secret.random(count: 20).withBytes { Array($0) }
  private(set) var userHandle: [UInt8]?
  private let key: SigningKey

  init() throws { key = try SigningKey.generate(.es256) }

  /// A `RegistrationResponseJSON` for creation options, without attestation.
  mutating func register(_ options: JSONValue) throws -> String {
    userHandle = options["user"]?["id"]?.string.flatMap { Base64URL.decode($0) }
    guard case .ellipticCurve(let x, let y) = key.verifyingKey.jwk else { return "" }
    let coordinates: [UInt8] = [0x21, 0x58, 32] + x + [0x22, 0x58, 32] + y
    let credential =
      [UInt8](repeating: 0, count: 16) + [0, UInt8(id.count)] + id + [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01] + coordinates
    let data = head(flags | 0x40) + credential
    let object: [UInt8] =
      [0xA3, 0x63] + Array("fmt".utf8) + [0x64] + Array("none".utf8) + [0x67] + Array("attStmt".utf8) + [0xA0, 0x68]
      + Array("authData".utf8)
      + [0x58, UInt8(data.count)] + data
    let client = clientData("webauthn.create", options["challenge"]?.string ?? "")
    return #"""
      {"id":"\#(Base64URL.encode(id))","rawId":"\#(Base64URL.encode(id))","type":"public-key","authenticatorAttachment":"platform",\#
      "clientExtensionResults":{"credProps":{"rk":true}},"response":{"clientDataJSON":"\#(Base64URL.encode(client))",\#
      "attestationObject":"\#(Base64URL.encode(object))","transports":["internal","hybrid","telepathy"]}}
      """#
  }

  /// An `AuthenticationResponseJSON` for request options. `handle` in the place of its own; `isTrue` false flips a bit of the signature.
  func assert(_ options: JSONValue, handle: [UInt8]? = nil, isTrue: Bool = true) throws -> String {
    let client = clientData("webauthn.get", options["challenge"]?.string ?? "")
    let data = head(flags)
    var signature = try key.sign(data + Digest.sha256(client))
    if !isTrue { signature[40] ^= 1 }
    let owner = (handle ?? userHandle).map { #","userHandle":"\#(Base64URL.encode($0))""# } ?? ""
    return #"""
      {"id":"\#(Base64URL.encode(id))","rawId":"\#(Base64URL.encode(id))","type":"public-key","clientExtensionResults":{},\#
      "response":{"clientDataJSON":"\#(Base64URL.encode(client))","authenticatorData":"\#(Base64URL.encode(data))",\#
      "signature":"\#(Base64URL.encode(Self.der(signature)))"\#(owner)}}
      """#
  }

  private func head(_ flags: UInt8) -> [UInt8] {
    Digest.sha256(Array(party.utf8)) + [flags] + withUnsafeBytes(of: counter.bigEndian) { Array($0) }
  }

  private func clientData(_ type: String, _ challenge: String) -> [UInt8] {
    Array(#"{"type":"\#(type)","challenge":"\#(challenge)","origin":"\#(origin)","crossOrigin":false}"#.utf8)
  }

  private static func der(_ jose: [UInt8]) -> [UInt8] {
    let numbers = [jose.prefix(32), jose.suffix(32)].flatMap { part -> [UInt8] in
      var digits = Array(part.drop { $0 == 0 })
      if (digits.first ?? 0) & 0x80 != 0 || digits.isEmpty { digits.insert(0, at: 0) }
      return [0x02, UInt8(digits.count)] + digits
    }
    return [0x30, UInt8(numbers.count)] + numbers
  }
}
