internal import Cryptography
internal import Persistence
internal import Primitives

/// The rows of `step_up`.
struct StepUpStore {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  static let challengeLifetime = Duration.minutes(5)
  /// However often a code is sent for its challenge.
  static let longestChallenge = Duration.minutes(15)
  static let proofLifetime = Duration.seconds(120)
  /// A session has at most this many at once: the oldest go.
  private static let mostPerSession = 5

  /// One step-up; `StepUpState` says what can become of it.
  struct Row: Sendable {
    typealias ID = Identifier<Row>

    let id: ID
    let state: StepUpState
    /// `nil` for any one change.
    let purpose: StepUp.Purpose?
  }

  func insert(
    _ id: Row.ID, for session: Session.ID, _ purpose: StepUp.Purpose?, digest: [UInt8], at instant: Instant
  ) throws(DatabaseError) {
    // Before the new one is there, so that a clock that was set back cannot make it the oldest.
    try db.run(
      """
      DELETE FROM step_up WHERE session_id = \(session) AND id NOT IN (
        SELECT id FROM step_up WHERE session_id = \(session) ORDER BY id DESC LIMIT \(Self.mostPerSession - 1)
      )
      """)
    try db.run(
      """
      INSERT INTO step_up (id, session_id, challenge_digest, attempts, proof_digest, expires_at, spent_at, purpose)
      VALUES (\(id), \(session), \(digest), \(0), NULL, \(instant + Self.challengeLifetime), NULL, \(purpose?.rawValue ?? ""))
      """)
  }

  /// The step-up behind a challenge or proof of this session, `nil` where that is another's, wrong or over.
  func stepUp(_ credential: OpaqueCredential, of session: Session.ID, at instant: Instant) throws(DatabaseError) -> Row? {
    guard let id: Row.ID = credential.identifier(),
      let row = try db.row("SELECT * FROM step_up WHERE id = \(id) AND session_id = \(session) AND expires_at > \(instant)")
    else { return nil }
    let proof = try row.bytesIfPresent("proof_digest")
    let expected = credential.kind == .proof ? proof : try row.bytes("challenge_digest")
    guard let expected, ConstantTime.areEqual(expected, credential.digest) else { return nil }
    let left = StepUpState.mostAttempts - Int(try row.integer("attempts"))
    let state: StepUpState =
      if try row.instantIfPresent("spent_at") != nil { .spent } else if proof != nil { .proven } else if left > 0 {
        .challenged(attemptsLeft: left)
      } else { .exhausted }
    let named = try row.text("purpose")
    let purpose = StepUp.Purpose(rawValue: named)
    // A purpose of another version's is nobody's here.
    return named.isEmpty || purpose != nil ? Row(id: id, state: state, purpose: purpose) : nil
  }

  /// False where parallel answers took the last attempts.
  func takeAttempt(_ id: Row.ID) throws(DatabaseError) -> Bool {
    try db.row(
      """
      UPDATE step_up SET attempts = attempts + 1
      WHERE id = \(id) AND proof_digest IS NULL AND attempts < \(StepUpState.mostAttempts) RETURNING attempts
      """) != nil
  }

  /// A code that was sent for the challenge is to be good for as long as it says.
  func prolong(_ id: Row.ID, until instant: Instant) throws(DatabaseError) {
    try db.run(
      "UPDATE step_up SET expires_at = \(instant) WHERE id = \(id) AND proof_digest IS NULL AND expires_at < \(instant)")
  }

  /// False where a parallel answer was first.
  func prove(_ id: Row.ID, digest: [UInt8], at instant: Instant) throws(DatabaseError) -> Bool {
    try db.row(
      """
      UPDATE step_up SET proof_digest = \(digest), expires_at = \(instant + Self.proofLifetime)
      WHERE id = \(id) AND proof_digest IS NULL RETURNING id
      """) != nil
  }

  /// Consumes a proof inside the transaction of the one change that it is good for. False where it is none of this session's, was
  /// asked for with another purpose, is over, or was spent.
  func spend(
    _ proof: OpaqueCredential, of session: Session.ID, for purpose: StepUp.Purpose, at instant: Instant
  ) throws(DatabaseError) -> Bool {
    guard let row = try proven(proof, of: session, for: purpose, at: instant) else { return false }
    return try db.row("UPDATE step_up SET spent_at = \(instant) WHERE id = \(row.id) AND spent_at IS NULL RETURNING id") != nil
  }

  /// Whether `spend` would take it: for refusals that leave it as it is.
  func isGood(
    _ proof: OpaqueCredential, of session: Session.ID, for purpose: StepUp.Purpose, at instant: Instant
  ) throws(DatabaseError) -> Bool {
    try proven(proof, of: session, for: purpose, at: instant) != nil
  }

  private func proven(
    _ proof: OpaqueCredential, of session: Session.ID, for purpose: StepUp.Purpose, at instant: Instant
  ) throws(DatabaseError) -> Row? {
    guard proof.kind == .proof, let row = try stepUp(proof, of: session, at: instant), row.purpose ?? purpose == purpose else {
      return nil
    }
    var state = row.state
    return state.handle(.proofPresented) == .acceptProof ? row : nil
  }

  /// Deletes at most `limit` that are over; returns how many went.
  func prune(before instant: Instant, limit: Int) throws(DatabaseError) -> Int {
    try db.rows(
      """
      DELETE FROM step_up WHERE id IN (SELECT id FROM step_up WHERE expires_at < \(instant) ORDER BY expires_at LIMIT \(limit))
      RETURNING id
      """
    ).count
  }
}
