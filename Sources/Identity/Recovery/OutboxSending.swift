internal import Delivery
internal import Persistence
internal import Primitives

extension Outbox {
  /// Where a mail may go to, and does not.
  private static let nowhere = MailAddress("nobody@invalid.invalid")

  /// Writes a mail, or, where there is nobody to write to, does the same work for nothing: sealing it, writing it, waking who sends.
  /// So the time of the answer does not say which it was. A full outbox drops the mail: whoever asked asks again.
  func send(
    _ kind: MessageKind, to recipient: MailAddress?, _ values: MessageValues, in language: String? = nil, lifetime: Duration,
    _ db: any Transaction, at instant: Instant
  ) throws {
    guard let address = recipient ?? Self.nowhere else { return }
    let message = OutgoingMessage(
      kind, to: .mail(address), values, in: language.flatMap(Language.init), lifetime: lifetime)
    guard case .queued(let id) = try enqueue(message, db, at: instant), recipient == nil else { return }
    try withdraw(id, .mail, db)
  }
}
