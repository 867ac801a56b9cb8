internal import Delivery
internal import Journal
internal import Persistence
package import Primitives

/// An address or a number as a factor: a code that is sent there confirms it.
extension Enrollments {
  /// A code is on its way, or held back; nobody is told which.
  package struct SentCode: Sendable {
    package let address: String
    package let lifetime: Duration
  }

  package enum CodeBeginOutcome: Sendable {
    case asked(BeginOutcome<SentCode>)
    /// Nothing sends codes this way. The proof is not spent.
    case unavailable
    /// SMS do not go to this country. The proof is not spent.
    case countryNotAllowed
    /// The account has this address as factor already. The proof is not spent.
    case present
  }

  package func beginCode(
    to recipient: Recipient, name: String, by authority: EnrollmentAuthority, _ context: SignInContext
  ) async throws -> CodeBeginOutcome {
    guard codes.outbox.canSend(recipient.channel) else { return .unavailable }
    if case .sms(let number) = recipient, !codes.sms.countries.allows(number) { return .countryNotAllowed }
    let account = authority.account
    let at = now()
    let (isPresent, mayBegin) = try await database.read { db -> (Bool, Bool) in
      let confirmed = try FactorStore(db).factors(of: account.id).filter(\.isConfirmed).map(\.id)
      let recipients = try CodeAddresses(db).recipients(of: account.id)
      return (confirmed.contains { recipients[$0] == recipient }, try isAllowed(authority, db, at: at))
    }
    if isPresent { return .present }
    // Whoever may not enrol takes nothing from whoever the address is.
    let asking = MessagePace.Asking(
      account: account.id, recipient: recipient, isConfirmed: isOwn(recipient, account), address: context.provenance.address,
      application: context.application?.id)
    let paced = mayBegin ? codes.pace.withholds(asking, at: at) : nil
    let method: FactorMethod = recipient.channel == .mail ? .email : .sms
    let outcome = try await begin(method, name: name, by: authority, context.provenance) { db, factor, at in
      try CodeAddresses(db).insert(recipient, of: factor.id)
      let request = CodeRequest(
        account: account, factor: factor.id, recipient: recipient, binding: .confirmation(factor.id), kind: .codeEnrollment)
      try codes.issue(request, withheld: paced, context, db, at: at)
      return SentCode(address: recipient.masked, lifetime: CodeFactor.lifetime)
    }
    // Of several that came with one proof only one sends: the others take nothing from whoever the address is.
    if case .begun = outcome {} else if mayBegin, paced == nil { codes.pace.giveBack(asking) }
    return .asked(outcome)
  }

  /// Whether it is the account's own address, which a stranger's wish to have it as his factor does not hold codes back from.
  private func isOwn(_ recipient: Recipient, _ account: Account) -> Bool {
    [account.email, account.phone].contains { $0?.lowercased() == recipient.text.lowercased() }
  }

  /// `method` is `email` or `sms`.
  package func confirmCode(
    _ id: Factor.ID, _ method: FactorMethod, code: Secret, by authority: EnrollmentAuthority, _ context: SignInContext
  ) async throws -> ConfirmOutcome {
    try await confirm(id, method, by: authority, context) { db, factor, at in
      let codes = CodeFactor(db, vault: vault)
      guard case .sentCode(let digest) = try codes.use(code, of: factor.id, within: .confirmation(factor.id), at: at)?.mark else {
        return false
      }
      return try codes.consume(digest, of: factor.id)
    }
  }
}
