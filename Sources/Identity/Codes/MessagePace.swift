package import Defense
internal import Delivery
internal import Primitives

/// Who has had enough messages for now. In memory, beside the paces of requests; what was taken for a message that was withheld is not
/// given back, so that asking again does not help.
package struct MessagePace: Sendable {
  private let limiter: PaceLimiter
  private let settings: MessageSettings
  private let isEnabled: Bool

  /// `isEnabled` is false only for measuring.
  package init(limiter: PaceLimiter, settings: MessageSettings, isEnabled: Bool) {
    self.isEnabled = isEnabled
    self.limiter = limiter
    self.settings = settings
  }

  /// Who asks for a code, and for whom.
  struct Asking {
    let account: Account.ID
    let recipient: Recipient
    /// Whether the account has shown before that it reads there. Codes to who has not are bounded apart, so that nobody who
    /// names another's address keeps the owner's own codes back.
    let isConfirmed: Bool
    /// The client's address, as the record has it.
    let address: String
    let application: Application.ID?
  }

  /// What withholds a message, `nil` where nothing does. The asker's own bounds come first, and what comes after the first that says
  /// no is not charged: nobody takes from others what he is not given himself.
  func withholds(_ asking: Asking, at instant: Instant) -> String? { withholds(bounds(asking), at: instant) }

  /// Puts back what was charged for a message that was not withheld, and then was not sent because whoever asked had no right to it.
  func giveBack(_ asking: Asking) {
    guard isEnabled else { return }
    for bound in bounds(asking) { limiter.giveBack(bound.key, at: bound.pace) }
  }

  /// What withholds a registration's mail, whoever has the address. A mailbox is bounded by who asks and in all, its spellings apart by
  /// kind: who makes up names of it keeps nobody from registering by the plainest, where whoever asks makes the owner's own mail come.
  func withholds(registering address: MailAddress, by asker: String, _ application: Application.ID?, at instant: Instant) -> String? {
    let (text, spelling) = Mailbox.plainest(address.text)
    let mailbox: [UInt8] = [spelling.rawValue] + Array(text.utf8)
    let times = spelling == .other ? 2 : 1
    let inAll = Pace(perMinute: settings.recipient.perMinute * times, burst: settings.recipient.burst * times)
    let recipient = [
      Bound(name: "recipient", key: .message([12] + site(asker) + [0] + mailbox), pace: settings.recipient),
      Bound(name: "recipient", key: .message([13] + mailbox), pace: inAll),
    ]
    return withholds(self.asker(asker, application, isKnown: false) + recipient + [total], at: instant)
  }

  /// Whether a mailbox has had enough recoveries, or all together have; where there is no mailbox `name` is charged, which is the same
  /// work. Not by who asks: behind one front-end all ask from one address, and each name is paused by itself.
  func withholdsRecovery(to recipient: MailAddress?, orNobody name: [UInt8], at instant: Instant) -> Bool {
    let bounds =
      if let recipient {
        [
          Bound(name: "recipient", key: .message([8] + Array(Mailbox.plain(recipient.text).utf8)), pace: settings.recipient),
          Bound(name: "total", key: .message([14]), pace: settings.total),
        ]
      } else {
        [
          Bound(name: "recipient", key: .message([9] + name), pace: settings.recipient),
          Bound(name: "total", key: .message([15]), pace: settings.total),
        ]
      }
    return withholds(bounds, at: instant) != nil
  }

  private struct Bound {
    let name: String
    let key: PaceKey
    let pace: Pace
  }

  private var total: Bound { Bound(name: "total", key: .message([5]), pace: settings.total) }

  /// Apart for those whose messages go where they read, and for whoever names any address: through one front-end come both.
  private func asker(_ address: String, _ application: Application.ID?, isKnown: Bool) -> [Bound] {
    [
      Bound(name: "address", key: .message([isKnown ? 3 : 10] + site(address)), pace: settings.address),
      Bound(name: "application", key: .message([isKnown ? 4 : 11] + (application?.bytes ?? [])), pace: settings.application),
    ]
  }

  private func bounds(_ asking: Asking) -> [Bound] {
    let account = Bound(name: "account", key: .message([1] + asking.account.bytes), pace: settings.account)
    let text = asking.recipient.text
    // A stranger's spellings of one mailbox are one; the owner's own may be factors of different accounts.
    let recipient: [UInt8] = asking.isConfirmed ? [2] + Array(text.lowercased().utf8) : [7] + Array(Mailbox.plain(text).utf8)
    return [account] + asker(asking.address, asking.application, isKnown: asking.isConfirmed)
      + [Bound(name: "recipient", key: .message(recipient), pace: settings.recipient), total]
  }

  private func withholds(_ bounds: [Bound], at instant: Instant) -> String? {
    guard isEnabled else { return nil }
    for bound in bounds {
      if case .limited = limiter.take(bound.key, at: bound.pace, now: instant) { return "paced by \(bound.name)" }
    }
    return nil
  }

  /// Each kind by itself: whoever is signed in could make so many of one that another is never told.
  func withholdsNotice(_ kind: MessageKind, to account: Account.ID, at instant: Instant) -> Bool {
    isEnabled && limiter.take(.message([6] + account.bytes + Array(kind.rawValue.utf8)), at: settings.notices, now: instant) != .allowed
  }

  /// One subscriber: an IPv4 address, or the /64 that he holds.
  private func site(_ address: String) -> [UInt8] { IPAddress(address).map { Array("\($0.site)".utf8) } ?? [] }
}
