internal import Cryptography

/// What formats ask of the certificate of an attestation key.
struct AttestationCertificate {
  let certificate: Certificate

  init(_ certificate: Certificate) { self.certificate = certificate }

  /// FIDO's extension that names the model of the authenticator.
  private static let modelExtension = "1.3.6.1.4.1.45724.1.1.4"
  private static let basicConstraints = "2.5.29.19"

  /// Whether `signature` is by the certificate's key, which has to be one for `algorithm`.
  func check(_ signature: [UInt8], over bytes: [UInt8], _ algorithm: CredentialAlgorithm) throws(WebAuthnError) {
    guard let key = certificate.key, key.algorithm == algorithm else { throw .badAttestation("certificate's key") }
    guard key.isValid(signature, over: bytes) else { throw .badAttestation("signature") }
  }

  /// The certificate is about the credential's own key.
  func checkKey(is key: CredentialKey) throws(WebAuthnError) {
    guard let own = certificate.key, own.isSame(as: key) else { throw .badAttestation("certificate's key") }
  }

  /// A certificate of version 3 that cannot issue others.
  func checkLeaf() throws(WebAuthnError) {
    guard certificate.version == 3 else { throw .badAttestation("certificate's version") }
    // `SEQUENCE {}`, or with the default `cA` written out as false.
    guard let constraints = certificate.extension(Self.basicConstraints)?.value,
      constraints == [0x30, 0] || constraints == [0x30, 3, 1, 1, 0]
    else { throw .badAttestation("basic constraints") }
  }

  /// The extension, where it is there, names the model that the authenticator's data names.
  func checkModel(is model: [UInt8]) throws(WebAuthnError) {
    guard let found = certificate.extension(Self.modelExtension) else { return }
    guard !found.isCritical, found.value == [0x04, 16] + model else { throw .badAttestation("AAGUID") }
  }
}
