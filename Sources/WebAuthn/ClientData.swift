private import Cryptography
internal import JSON
private import Primitives

/// What the browser says of the page that asked (WebAuthn, section 5.8.1): read strictly, compared exactly. Members that nobody here
/// knows are allowed, as the specification asks.
struct ClientData: Sendable {
  enum Ceremony: String, Sendable {
    case create = "webauthn.create"
    case get = "webauthn.get"
  }

  /// SHA-256 of the bytes: what authenticators sign.
  let digest: [UInt8]

  private static let mostBytes = 4_096

  /// Throws unless the bytes are client data for this ceremony, this challenge, and a page that `party` allows.
  init(_ bytes: [UInt8], for ceremony: Ceremony, challenge: [UInt8], party: RelyingParty) throws(WebAuthnError) {
    guard bytes.count <= Self.mostBytes, let json = try? JSONValue(parsing: bytes), json.kind == .object,
      let sent = json["challenge"]?.string.flatMap({ Base64URL.decode($0) }), let origin = json["origin"]?.string
    else { throw .malformed("clientDataJSON") }
    guard json["type"]?.string == ceremony.rawValue else { throw .wrongType }
    guard ConstantTime.areEqual(sent, challenge) else { throw .wrongChallenge }
    // Bytes: texts that merely look the same are other origins.
    guard party.origins.contains(where: { $0.utf8.elementsEqual(origin.utf8) }) else { throw .wrongOrigin }
    try Self.checkFrame(json, party)
    digest = Digest.sha256(bytes)
  }

  /// WebAuthn, section 7.1, steps 10 and 11: a page within another origin's page is refused unless that origin is allowed.
  private static func checkFrame(_ json: JSONValue, _ party: RelyingParty) throws(WebAuthnError) {
    let (isCrossOrigin, topOrigin) = (json["crossOrigin"], json["topOrigin"])
    guard isCrossOrigin.map({ $0.boolean != nil }) ?? true, topOrigin.map({ $0.string != nil }) ?? true else {
      throw .malformed("clientDataJSON")
    }
    guard isCrossOrigin?.boolean == true || topOrigin != nil else { return }
    guard !party.topOrigins.isEmpty else { throw .crossOrigin }
    // Browsers of level 2 do not say who frames the page.
    guard let top = topOrigin?.string else { return }
    guard party.topOrigins.contains(where: { $0.utf8.elementsEqual(top.utf8) }) else { throw .crossOrigin }
  }
}
