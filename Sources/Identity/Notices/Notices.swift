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
  }

  private static let lifetime = Duration.days(3)

  /// To the account's address, or else to that of an email factor; to `address` where the account's own is the one that changed.
  /// Nobody is told where there is no address, or too much was told already. Never fails what it tells of, but where the store fails.
  package func tell(
    _ account: Account, _ event: Event, mailing address: String? = nil, _ db: any Transaction, by provenance: Provenance,
    at instant: Instant
  ) throws {
    guard outbox.canSend(.mail), let recipient = try recipient(account, address, db) else { return }
    // Charged twice where the transaction runs twice: a notice less is the worst of it.
    guard !pace.withholdsNotice(to: account.id, at: instant) else {
      return withheld(account, event, provenance, "paced")
    }
    let message = OutgoingMessage(
      event.kind, to: .mail(recipient), values(account, event, provenance, instant), in: account.language.flatMap(Language.init),
      lifetime: Self.lifetime)
    guard case .queued = try outbox.enqueue(message, db, at: instant) else {
      return withheld(account, event, provenance, "the outbox is full")
    }
  }

  private func recipient(_ account: Account, _ address: String?, _ db: any Transaction) throws -> MailAddress? {
    if let named = address ?? account.email { return MailAddress(named) }
    let factors = try FactorStore(db).factors(of: account.id).filter { $0.method == .email && $0.confirmedAt != nil }
    guard let factor = factors.first, case .mail(let address) = try CodeAddresses(db).recipient(of: factor.id) else { return nil }
    return address
  }

  private func values(_ account: Account, _ event: Event, _ provenance: Provenance, _ instant: Instant) -> MessageValues {
    var values = MessageValues([
      .username: account.username.text, .time: instant.forPeople,
      .place: provenance.address.isEmpty ? MessageValues.none : provenance.address,
      .request: provenance.requestID.isEmpty ? MessageValues.none : provenance.requestID,
    ])
    switch event {
    case .newDevice(let name): values[.device] = name.isEmpty ? MessageValues.none : name
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

  private func withheld(_ account: Account, _ event: Event, _ provenance: Provenance, _ reason: String) {
    log.warning(
      "notice_withheld", ("request_id", .string(provenance.requestID)), ("account", .string("\(account.id)")),
      ("template", .string(event.kind.rawValue)), ("reason", .string(reason)))
  }
}

extension Instant {
  /// As mails say it: `2026-11-29 20:39 UTC`.
  var forPeople: String { "\(rfc3339().prefix(16).replacing("T", with: " ")) UTC" }
}
