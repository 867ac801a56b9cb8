package import Delivery
package import Persistence
package import Primitives
private import Synchronization

/// Where messages to people begin: `enqueue` writes one in the transaction of what it tells of, so that there is no message without
/// the deed and no deed without the message. `OutboxWorker` sends it. Whoever enqueues never waits for that.
package final class Outbox: Sendable {
  private let vault: Vault
  private let mail: MailSettings
  let sms: SMSSettings
  private let product: String
  /// How many wait, by the worker's last look and what this process has added since. Estimates: they bound the table without a
  /// count in every transaction, which would make parallel ones collide.
  private let mails = Atomic(0)
  private let texts = Atomic(0)

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
    guard waiting(message.recipient.channel, adding: 0) < room(for: message.kind.urgency) else { return .full }
    _ = waiting(message.recipient.channel, adding: 1)
    let id = OutboxRow.ID(at: instant)
    var values = message.values
    values[.product] = product
    try OutboxStore(db).insert(
      id, message, language: message.language ?? mail.language,
      payload: try vault.seal(values.bytes, as: OutboxStore.purpose, for: id.bytes),
      at: instant)
    return .queued(id)
  }

  /// What strangers can ask for leaves room to what people wait for.
  private func room(for urgency: MessageKind.Urgency) -> Int {
    switch urgency {
    case .awaited, .told: mail.queue
    case .asked: mail.queue * 3 / 4
    case .patient: mail.queue / 2
    }
  }

  /// Takes back what this transaction has enqueued.
  func withdraw(_ id: OutboxRow.ID, _ channel: OutboxChannel, _ db: any Transaction) throws(DatabaseError) {
    try OutboxStore(db).withdraw(id)
    _ = waiting(channel, adding: -1)
  }

  func note(waiting count: Int, on channel: OutboxChannel) {
    switch channel {
    case .mail: mails.store(count, ordering: .relaxed)
    case .sms: texts.store(count, ordering: .relaxed)
    }
  }

  private func waiting(_ channel: OutboxChannel, adding count: Int) -> Int {
    switch channel {
    case .mail: mails.add(count, ordering: .relaxed).newValue
    case .sms: texts.add(count, ordering: .relaxed).newValue
    }
  }
}
