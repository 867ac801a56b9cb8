/// The formats of attestation statements that can be verified here (WebAuthn, section 8). All others are refused.
package enum AttestationFormat: String, Sendable, CaseIterable {
  case none
  case packed
  case fidoU2F = "fido-u2f"
  case tpm
  case androidKey = "android-key"
  case apple
}
