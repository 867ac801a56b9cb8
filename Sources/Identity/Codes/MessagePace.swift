package import Defense
internal import Primitives

/// Who has had enough messages for now. In memory, beside the paces of requests; what was taken is not given back, so that asking
/// again does not help.
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

  /// What withholds a code, `nil` where nothing does. The asker's own bounds come first, and what comes after the first that says
  /// no is not charged: nobody takes from others what he is not given himself.
  func withholds(_ asking: Asking, at instant: Instant) -> String? {
    guard isEnabled else { return nil }
    let bounds: [(String, PaceKey, Pace)] = [
      ("account", .message([1] + asking.account.bytes), settings.account),
      ("address", .message([3] + site(asking.address)), settings.address),
      ("application", .message([4] + (asking.application?.bytes ?? [])), settings.application),
      ("recipient", .message([asking.isConfirmed ? 2 : 7] + Array(asking.recipient.text.lowercased().utf8)), settings.recipient),
      ("total", .message([5]), settings.total),
    ]
    for (name, key, pace) in bounds {
      if case .limited = limiter.take(key, at: pace, now: instant) { return "paced by \(name)" }
    }
    return nil
  }

  func withholdsNotice(to account: Account.ID, at instant: Instant) -> Bool {
    isEnabled && limiter.take(.message([6] + account.bytes), at: settings.notices, now: instant) != .allowed
  }

  /// One subscriber: an IPv4 address, or the /64 that he holds.
  private func site(_ address: String) -> [UInt8] { IPAddress(address).map { Array("\($0.site)".utf8) } ?? [] }
}
