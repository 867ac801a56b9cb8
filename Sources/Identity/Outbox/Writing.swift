package import Defense
package import Delivery
package import Persistence
package import Primitives
package import Telemetry

/// What writes to people: codes, notices, and the outbox that both go into.
package struct Writing: Sendable {
  package let outbox: Outbox
  package let codes: CodeSending
  package let notices: Notices

  /// `isPaced`: false only for measuring.
  package init(
    database: any Database, vault: Vault, outbox: Outbox, limiter: PaceLimiter, messages: MessageSettings, sms: SMSSettings, isPaced: Bool,
    log: Log, now: Now
  ) {
    self.outbox = outbox
    let pace = MessagePace(limiter: limiter, settings: messages, isEnabled: isPaced)
    codes = CodeSending(database: database, vault: vault, outbox: outbox, pace: pace, sms: sms, log: log, now: now)
    notices = Notices(outbox: outbox, pace: pace, log: log)
  }
}
