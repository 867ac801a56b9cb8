package import Delivery
package import Persistence
package import Primitives
private import Synchronization

/// Where messages to people begin: `enqueue` writes one in the transaction of what it tells of, so that there is no message without
/// the deed and no deed without the message. `OutboxWorker` sends it. Whoever enqueues never waits for that.
package final class Outbox: Sendable {
  private let vault: Vault
  private let mail: MailSettings
  private let sms: SMSSettings
  private let product: String
  /// How many wait, by the worker's last look and what this process has added since. An estimate: it bounds the table without a
  /// count in every transaction, which would make parallel ones collide.
  private let waiting = Atomic(0)

  /// `product` is what people know this server as.
  package init(vault: Vault, mail: MailSettings, sms: SMSSettings, product: String) {
    self.vault = vault
    self.mail = mail
    self.sms = sms
    self.product = product
  }

  /// Whether there is anything that would send it.
  package func canSend(_ channel: OutboxChannel) -> Bool {
    switch channel {
    case .mail: mail.server != nil
    case .sms: sms.service != nil
    }
  }

  package enum Admission: Sendable, Equatable {
    case queued(OutboxRow.ID)
    /// As many wait as may; nothing was written.
    case full
    /// The configuration names nothing that sends it; nothing was written.
    case unavailable
  }

  package func enqueue(_ message: OutgoingMessage, _ db: any Transaction, at instant: Instant) throws -> Admission {
    guard canSend(message.recipient.channel) else { return .unavailable }
    guard waiting.load(ordering: .relaxed) < mail.queue else { return .full }
    waiting.add(1, ordering: .relaxed)
    let id = OutboxRow.ID(at: instant)
    var values = message.values
    values[.product] = product
    try OutboxStore(db).insert(
      id, message, language: message.language ?? mail.language,
      payload: try vault.seal(values.bytes, as: OutboxStore.purpose, for: id.bytes),
      at: instant)
    return .queued(id)
  }

  func note(waiting count: Int) { waiting.store(count, ordering: .relaxed) }
}
