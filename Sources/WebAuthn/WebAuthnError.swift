/// Why a response of an authenticator was refused. For logs, records and tests; a caller learns no more than that it was wrong.
package enum WebAuthnError: Error, Equatable, Sendable {
  /// A part is not of the form that it has to have. Names the part.
  case malformed(String)
  /// Of client data for another ceremony.
  case wrongType
  case wrongChallenge
  case wrongOrigin
  /// The page was a frame within a page of another origin.
  case crossOrigin
  /// Made for another relying party.
  case wrongRelyingParty
  case userNotPresent
  case userNotVerified
  /// The key's algorithm was not offered.
  case unsupportedAlgorithm
  /// The numbers are no sound key.
  case unusableKey
  /// The credential that was answered with is not the one whose key is at hand.
  case wrongCredential
  case badSignature
  /// A format of attestation that is not known here.
  case unsupportedAttestation
  /// A statement that does not fit what it attests, its certificate, or its own rules. Names the rule.
  case badAttestation(String)
}
