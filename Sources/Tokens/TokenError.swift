/// Why a token was refused or could not be made. For logs, tests and the reason that a denial names; a caller learns no more
/// than `invalid_token` or `expired`.
package enum TokenError: Error, Equatable, CaseIterable {
  case tooLong
  /// Not three segments of base64url, or header or claims are not the JSON that they have to be.
  case malformed
  /// `none`, an HMAC, or anything else that is not in `SigningAlgorithm`.
  case unsupportedAlgorithm
  /// The header names a key of its own, or something that must be understood and is not.
  case forbiddenHeader
  case unknownKey
  /// The key is for another algorithm than the header says.
  case algorithmMismatch
  case wrongType
  case badSignature
  case wrongIssuer
  case wrongAudience
  case wrongUse
  case expired
  case notYetValid
  /// No key of the wanted algorithm is active.
  case noActiveKey
  /// The claims do not fit into a token even without permissions.
  case tooManyClaims
  case signingFailed
}
