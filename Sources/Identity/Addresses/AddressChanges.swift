package import Cryptography
internal import Delivery
package import Journal
package import Persistence
package import Primitives

/// A user's own new address: it takes the old one's place when a code that was sent there has come back, and the old one is told.
package struct AddressChanges: Sendable {
  private let database: any Database
  private let vault: Vault
  private let present: CurrentPassword
  private let outbox: Outbox
  private let notices: Notices
  /// Whose bounds hold here too: what an account, an address, a day may cost.
  private let codes: CodeSending
  private let links: Links
  private let now: Now

  package init(
    database: any Database, vault: Vault, passwords: Passwords, pace: PasswordPace, outbox: Outbox, notices: Notices, codes: CodeSending,
    links: Links, now: Now
  ) {
    present = CurrentPassword(database: database, vault: vault, passwords: passwords, pace: pace)
    self.database = database
    self.vault = vault
    self.outbox = outbox
    self.notices = notices
    self.codes = codes
    self.links = links
    self.now = now
  }

  package enum Kind: String, Sendable {
    case email
    case phone
  }

  package static let lifetime = Duration.minutes(30)
  static let mostAttempts = 5

  package enum StartOutcome: Sendable, Equatable {
    /// `masked` is where the code went.
    case sent(masked: String)
    case unproven
    case invalidAddress
    /// The account has a password, and none was shown. The proof is not spent, here and below.
    case passwordMissing
    case passwordWrong
    case locked(retryAfter: Duration)
    case paced(PasswordPace.Wait)
    /// Nothing is configured that sends there, or as much waits, or was sent, as may.
    case unavailable
  }

  /// Spends the proof, and takes the place of an earlier change of the same kind. `current` is the present password, where the
  /// account has one: a password is recovered by the address. Throws `HashingPool.Overloaded`.
  package func start(
    _ kind: Kind, _ address: String, current: Secret?, proof: OpaqueCredential?, _ live: LiveSession, by provenance: Provenance
  ) async throws -> StartOutcome {
    guard let recipient = Self.recipient(kind, address) else { return .invalidAddress }
    if let refusal = try await refusal(current, proof, live, by: provenance) { return refusal }
    let at = now()
    let asking = MessagePace.Asking(
      account: live.account.id, recipient: recipient, isConfirmed: false, address: provenance.address, application: nil)
    guard codes.pace.withholds(asking, at: at) == nil else { return .unavailable }
    let change = AddressChangeStore.Row(id: .init(at: at), kind: kind, address: recipient.text)
    let outcome = try await begin(change, recipient, proof, live, by: provenance, at: at)
    // Of several that came with one proof only one sends: the others take nothing from whoever the address is.
    if case .unproven = outcome { codes.pace.giveBack(asking) }
    return outcome
  }

  /// Before anything is counted against anybody else: whoever asks has a proof, and the password.
  private func refusal(
    _ current: Secret?, _ proof: OpaqueCredential?, _ live: LiveSession, by provenance: Provenance
  ) async throws -> StartOutcome? {
    let at = now()
    let found = try await database.read { db -> Account? in
      guard let proof, let account = try DoorKeeper(db).session(live.id, at: at)?.account,
        try StepUpStore(db).isGood(proof, of: live.id, for: .address, at: at)
      else { return nil }
      return account
    }
    guard let account = found else { return .unproven }
    guard account.password != nil else { return nil }
    guard let current else { return .passwordMissing }
    return switch try await present.check(current, of: account, by: provenance, at: at) {
    case .right: nil
    case .wrong: .passwordWrong
    case .locked(let wait): .locked(retryAfter: wait)
    case .paced(let wait): .paced(wait)
    }
  }

  private func begin(
    _ change: AddressChangeStore.Row, _ recipient: Recipient, _ proof: OpaqueCredential?, _ live: LiveSession, by provenance: Provenance,
    at instant: Instant
  ) async throws -> StartOutcome {
    let (kind, at) = (change.kind, instant)
    let code = kind == .email ? OpaqueCredential(.verification, for: change.id).text : Self.digits()
    do {
      return try await database.transaction { db in
        guard let proof, let account = try DoorKeeper(db).session(live.id, at: at)?.account,
          try StepUpStore(db).spend(proof, of: live.id, for: .address, at: at)
        else { return .unproven }
        let refusal = try SMSBudget(codes.sms, db).refusal(of: recipient, isConfirmed: false, for: account.id, at: at)
        guard refusal == nil else { throw Undelivered() }
        try AddressChangeStore(db).replace(change, of: account.id, digest: digest(code), at: at)
        guard case .queued = try outbox.enqueue(message(kind, recipient, code, account, at), db, at: at) else { throw Undelivered() }
        try AuditLog(db).append(.address("change_started", change, account.id), by: provenance, at: at)
        return .sent(masked: recipient.masked)
      }
    } catch is Undelivered {
      return .unavailable
    }
  }

  /// Nothing would be sent: what was written is undone.
  private struct Undelivered: Error {}

  private static func recipient(_ kind: Kind, _ address: String) -> Recipient? {
    switch kind {
    case .email: ContactRule.isEmail(address) ? MailAddress(address).map { .mail($0) } : nil
    case .phone: ContactRule.isPhone(address) ? PhoneNumber(address).map { .sms($0) } : nil
    }
  }

  private static func digits() -> String {
    let number = Secret.random(count: 8).withBytes { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } } % 100_000_000
    let text = String(number)
    return String(repeating: "0", count: 8 - text.count) + text
  }

  private func message(_ kind: Kind, _ recipient: Recipient, _ code: String, _ account: Account, _ instant: Instant) -> OutgoingMessage {
    switch kind {
    case .email:
      OutgoingMessage(
        .verifyAddress, to: recipient,
        MessageValues([
          .link: links.url(.verification, code: code), .code: code, .expires: (instant + Self.lifetime).forPeople,
          .username: account.username.text,
        ]), in: account.language.flatMap(Language.init), lifetime: Self.lifetime)
    case .phone:
      OutgoingMessage(
        .codeEnrollment, to: recipient, MessageValues([.code: code, .minutes: "\(Self.lifetime.inSeconds / 60)"]),
        in: account.language.flatMap(Language.init), lifetime: Self.lifetime)
    }
  }

  private func digest(_ code: String) -> [UInt8] {
    HMAC.sha256(Array(code.utf8), key: vault.subkey("address_change.code"))
  }

  package enum FinishOutcome: Sendable, Equatable {
    case changed
    /// None of this account's that waits has this code. After five wrong ones nothing waits any more.
    case refused
  }

  package func finish(_ code: Secret, _ live: LiveSession, by provenance: Provenance) async throws -> FinishOutcome {
    let at = now()
    let digest = HMAC.sha256(code, key: vault.subkey("address_change.code")).withBytes { Array($0) }
    return try await database.transaction { db in
      let store = AddressChangeStore(db)
      guard let account = try DoorKeeper(db).session(live.id, at: at)?.account else { return .refused }
      guard let change = try store.answer(digest, of: account.id, at: at) else { return .refused }
      let (email, phone) = change.kind == .email ? (change.address, account.phone) : (account.email, change.address)
      try AccountStore(db).update(account.id, isEnabled: account.isEnabled, email: email, phone: phone)
      if let event = AuditEvent(
        "account.changed", subject: "account:\(account.id)", named: ["username": account.username.text],
        changes: [("email", account.email, email), ("phone", account.phone, phone)])
      {
        try AuditLog(db).append(event, by: provenance, at: at)
      }
      try tell(account, of: change, db, by: provenance, at: at)
      return .changed
    }
  }
}

extension AddressChanges {
  /// To what it was, and of a number to the email address as well: it may be its owner who does not know. Both are named in part only.
  private func tell(
    _ account: Account, of change: AddressChangeStore.Row, _ db: any Transaction, by provenance: Provenance, at instant: Instant
  ) throws {
    let old = change.kind == .email ? account.email : account.phone
    func recipient(_ address: String?) -> Recipient? { address.flatMap { Self.recipient(change.kind, $0) } }
    try notices.tell(
      account, .addressChanged(from: recipient(old), to: recipient(change.address)), mailing: account.email, db, by: provenance,
      at: instant)
  }
}

extension AuditEvent {
  fileprivate static func address(_ verb: String, _ change: AddressChangeStore.Row, _ account: Account.ID) -> AuditEvent {
    AuditEvent("address.\(verb)", subject: "account:\(account)", ["kind": change.kind.rawValue])
  }
}
