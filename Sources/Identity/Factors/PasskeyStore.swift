internal import Persistence
internal import Primitives
internal import WebAuthn

/// The rows of `passkey`, beside those of `factor`.
struct PasskeyStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// False where the credential is there already, whoever's it is.
  func insert(_ registration: RegisteredCredential, of factor: Factor.ID) throws(DatabaseError) -> Bool {
    let flags = registration.flags
    return try db.row(
      """
      INSERT INTO passkey (factor_id, credential_id, public_key, counter, model, transports, is_discoverable, is_backup_eligible,
        is_backed_up, is_user_verified, attestation, is_attestation_trusted, is_hardware)
      VALUES (\(factor), \(registration.credentialID), \(registration.publicKey), \(Int64(registration.counter)),
        \(registration.model), \(registration.transports.map(\.rawValue).joined(separator: " ")), \(registration.isDiscoverable),
        \(flags.contains(.backupEligible)), \(flags.contains(.backedUp)), \(flags.contains(.userVerified)),
        \(registration.attestation.format.rawValue), \(registration.attestation.isTrusted), \(registration.attestation.isHardware))
      ON CONFLICT (credential_id) DO NOTHING RETURNING factor_id
      """) != nil
  }

  /// The confirmed factor behind a credential.
  func passkey(_ credentialID: [UInt8]) throws(DatabaseError) -> Passkey? {
    let row = try db.row(
      """
      SELECT passkey.*, factor.account_id, factor.failures FROM passkey JOIN factor ON factor.id = passkey.factor_id
      WHERE passkey.credential_id = \(credentialID) AND factor.confirmed_at IS NOT NULL
      """)
    return try row.map { row throws(DatabaseError) in
      Passkey(
        factor: try row.identifier("factor_id"), account: try row.identifier("account_id"), publicKey: try row.bytes("public_key"),
        counter: UInt32(clamping: try row.integer("counter")), isBackupEligible: try row.boolean("is_backup_eligible"),
        isHardware: try row.boolean("is_hardware"), failures: Int(try row.integer("failures")))
    }
  }

  /// An account's credentials, the oldest first.
  func descriptors(of account: Account.ID) throws(DatabaseError) -> [CredentialDescriptor] {
    let rows = try db.rows(
      """
      SELECT passkey.credential_id, passkey.transports FROM passkey JOIN factor ON factor.id = passkey.factor_id
      WHERE factor.account_id = \(account) AND factor.confirmed_at IS NOT NULL ORDER BY factor.created_at, factor.id
      """)
    var descriptors: [CredentialDescriptor] = []
    for row in rows {
      let transports = words(try row.text("transports")).compactMap { RegistrationResponse.Transport(rawValue: $0) }
      descriptors.append(CredentialDescriptor(id: try row.bytes("credential_id"), transports: transports))
    }
    return descriptors
  }

  /// False where a parallel request has moved the counter.
  func advance(_ use: PasskeyUse, of factor: Factor.ID) throws(DatabaseError) -> Bool {
    try db.row(
      """
      UPDATE passkey SET counter = \(Int64(use.counter)), is_backed_up = \(use.isBackedUp)
      WHERE factor_id = \(factor) AND counter = \(Int64(use.previousCounter)) RETURNING factor_id
      """) != nil
  }
}

/// A right signature that waits to be consumed.
struct PasskeyUse: Sendable, Equatable {
  let previousCounter: UInt32
  let counter: UInt32
  let isBackedUp: Bool
  let evidence: PasskeyEvidence

  init(_ assertion: Assertion, by passkey: Passkey) {
    previousCounter = passkey.counter
    counter = assertion.counter
    isBackedUp = assertion.flags.contains(.backedUp)
    evidence = PasskeyEvidence(isUserVerified: assertion.flags.contains(.userVerified), isHardware: passkey.isHardware)
  }
}
