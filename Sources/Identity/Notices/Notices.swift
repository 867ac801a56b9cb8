internal import Delivery
package import Journal
package import Persistence
package import Primitives
package import Telemetry

/// What users are told of by mail, so that whoever did not do it learns of it: written in the transaction of the change, paced by
/// account, and never with anything in it that opens a door or asks for a click.
package struct Notices: Sendable {
  private let outbox: Outbox
  private let pace: MessagePace
  private let log: Log

  package init(outbox: Outbox, pace: MessagePace, log: Log) {
    self.outbox = outbox
    self.pace = pace
    self.log = log
  }

  package enum Event: Sendable, Equatable {
    case newDevice(name: String)
    case passwordChanged
    case factorAdded(FactorMethod)
    case factorRemoved(FactorMethod)
    /// An operator took all of them, and gave an invitation.
    case factorsReset
    /// What it was and what it is; masked in the mail.
    case addressChanged(from: Recipient?, to: Recipient?)
    case recovered
    case invited

    fileprivate var kind: MessageKind {
      switch self {
      case .newDevice: .noticeNewDevice
      case .passwordChanged: .noticePassword
      case .factorAdded: .noticeFactorAdded
      case .factorRemoved: .noticeFactorRemoved
      case .factorsReset: .noticeFactorsReset
      case .addressChanged: .noticeAddress
      case .recovered: .noticeRecovery
      case .invited: .noticeInvitation
      }
    }

    fileprivate var oldNumber: Recipient? {
      guard case .addressChanged(let old?, _) = self, old.channel == .sms else { return nil }
      return old
    }
  }

  private static let lifetime = Duration.days(3)

  /// To the account's address, or else to that of an email factor; to `address` where the account's own is the one that changed, and to
  /// a number that was replaced. Nobody is told where there is neither, or too much was told already. Never fails what it tells of, but
  /// where the store fails.
  package func tell(
    _ account: Account, _ event: Event, mailing address: String? = nil, _ db: any Transaction, by provenance: Provenance,
    at instant: Instant
  ) throws {
    let recipients = [try mailbox(account, address, db), event.oldNumber].compactMap { $0 }.filter { outbox.canSend($0.channel) }
    guard !recipients.isEmpty else { return }
    // Charged twice where the transaction runs twice: a notice less is the worst of it.
    guard !pace.withholdsNotice(event.kind, to: account.id, at: instant) else {
      return try withheld(account, event, provenance, "paced", db, at: instant)
    }
    let reference = Self.reference(provenance, at: instant)
    let values = values(account, event, provenance, reference, instant)
    for recipient in recipients {
      if let reason = try SMSBudget(outbox.sms, db).refusal(of: recipient, isConfirmed: true, for: account.id, at: instant) {
        try withheld(account, event, provenance, reason, db, at: instant)
        continue
      }
      let message = OutgoingMessage(
        event.kind, to: recipient, values, in: account.language.flatMap(Language.init), lifetime: Self.lifetime)
      guard case .queued = try outbox.enqueue(message, db, at: instant) else {
        return try withheld(account, event, provenance, "the outbox is full", db, at: instant)
      }
    }
    if reference != provenance.requestID { try AuditLog(db).append(.notice(event, reference, account.id), by: provenance, at: instant) }
  }

  /// By what the reader names the request to his operator. A client may have named it, and as it liked: such a name stands in no mail,
  /// unless it is a UUID (RFC 9562), but in the record, beside the one that does.
  private static func reference(_ provenance: Provenance, at instant: Instant) -> String {
    let isPlain = Identifier<Reference>(provenance.requestID) != nil
    return isPlain ? provenance.requestID : "\(Identifier<Reference>(at: instant))"
  }

  private enum Reference {}

  private func mailbox(_ account: Account, _ address: String?, _ db: any Transaction) throws -> Recipient? {
    if let named = address ?? account.email { return MailAddress(named).map { .mail($0) } }
    let factors = try FactorStore(db).factors(of: account.id).filter { $0.method == .email && $0.confirmedAt != nil }
    return try factors.first.flatMap { try CodeAddresses(db).recipient(of: $0.id) }
  }

  private func values(
    _ account: Account, _ event: Event, _ provenance: Provenance, _ reference: String, _ instant: Instant
  ) -> MessageValues {
    var values = MessageValues([
      .username: account.username.text, .time: instant.forPeople,
      .place: provenance.address.isEmpty ? MessageValues.none : provenance.address,
      .request: reference,
    ])
    switch event {
    case .newDevice(let name):
      let shown = UnlinkedText.unlinked(name)
      values[.device] = shown.isEmpty ? MessageValues.none : shown
    case .factorAdded(let method), .factorRemoved(let method): values[.method] = method.rawValue
    case .addressChanged(let old, let new): values[.change] = Self.change(old, new)
    case .factorsReset, .passwordChanged, .recovered, .invited: break
    }
    return values
  }

  /// Both masked; where they would look the same, as much of them is shown as tells them apart.
  private static func change(_ old: Recipient?, _ new: Recipient?) -> String {
    guard let old, let new, old.masked == new.masked else { return "\(old?.masked ?? "-") → \(new?.masked ?? "-")" }
    switch (old, new) {
    case (.mail(let one), .mail(let other)):
      let shown = zip(one.text, other.text).prefix { $0 == $1 }.count + 1
      return "\(one.masked(after: shown)) → \(other.masked(after: shown))"
    default: return "\(old.masked) → \(new.masked)"
    }
  }

  /// The operator's log says so, and the record: what somebody was not told of he may ask for.
  private func withheld(
    _ account: Account, _ event: Event, _ provenance: Provenance, _ reason: String, _ db: any Transaction, at instant: Instant
  ) throws {
    let entry = AuditEvent(
      "notice.withheld", subject: "account:\(account.id)", ["template": event.kind.rawValue, "reason": reason])
    try AuditLog(db).append(entry, by: provenance, at: instant)
    log.warning(
      "notice_withheld", ("request_id", .string(provenance.requestID)), ("account", .string("\(account.id)")),
      ("template", .string(event.kind.rawValue)), ("reason", .string(reason)))
  }
}

extension AuditEvent {
  fileprivate static func notice(_ event: Notices.Event, _ reference: String, _ account: Account.ID) -> AuditEvent {
    AuditEvent("notice.referenced", subject: "account:\(account)", ["template": event.kind.rawValue, "reference": reference])
  }
}

extension Instant {
  /// As mails say it: `2026-11-29 20:39 UTC`.
  var forPeople: String { "\(rfc3339().prefix(16).replacing("T", with: " ")) UTC" }
}
