package import Delivery
package import Persistence
package import Primitives
private import Synchronization
package import Telemetry

/// Sends what stands in the outbox: mail and SMS each on lanes of their own, so that a service that stalls holds up nothing but
/// itself. Any number of nodes may work on one outbox: a row belongs to who claimed it until his lease is over.
///
/// Every message is sent at least once. One that was sent just before a crash is sent once more, with the same Message-ID; a code is
/// good once all the same.
package final class OutboxWorker: Sendable {
  private let database: any Database
  private let vault: Vault
  private let outbox: Outbox
  private let templates: Templates
  private let mail: MailSender?
  private let sms: SMSSender?
  private let log: Log
  private let now: Now
  private let running = Lanes()

  package init(
    database: any Database, vault: Vault, outbox: Outbox, templates: Templates, mail: MailSender?, sms: SMSSender?, log: Log, now: Now
  ) {
    self.database = database
    self.vault = vault
    self.outbox = outbox
    self.templates = templates
    self.mail = mail
    self.sms = sms
    self.log = log
    self.now = now
  }

  /// What one lane takes at a time.
  private static let batch = 8
  /// Short, because a code whose sender died has to go out while it is good. A row is sent only while there is time for the longest
  /// transfer before the lease ends; what is left of a batch then is given back.
  private static let lease = Duration.minutes(2)
  private static let longestTransfer = Duration.seconds(60)
  /// How long nothing happens before somebody looks, on whichever node: a commit elsewhere wakes nobody here.
  private static let longestPause = Duration.seconds(15)

  /// Sends until the task is cancelled: woken by every commit that added something here, and by time.
  package func run() async {
    let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    database.changes.listenToOutbox { wake.yield() }
    await withDiscardingTaskGroup { group in
      group.addTask { await self.tick(wake) }
      for await _ in wakes {
        if Task.isCancelled { break }
        for (channel, most) in self.lanes where self.running.begin(channel, atMost: most) {
          group.addTask {
            // Whoever finds a full batch leaves work for another.
            await self.drain(channel) { wake.yield() }
            self.running.end(channel)
          }
        }
      }
      mail?.lanes.stop()
      sms?.transfers.stop()
      group.cancelAll()
    }
  }

  /// Sends everything that is due now, and returns.
  package func sendDue() async {
    await withDiscardingTaskGroup { group in
      for (channel, most) in lanes {
        for _ in 0..<most { group.addTask { await self.drain(channel) {} } }
      }
    }
  }

  private var lanes: [(OutboxChannel, Int)] {
    [mail.map { (OutboxChannel.mail, $0.lanes.count) }, sms.map { _ in (OutboxChannel.sms, SMSSender.lanes) }].compactMap(\.self)
  }

  /// Wakes when the next row is due, and closes connections that have rested.
  private func tick(_ wake: AsyncStream<Void>.Continuation) async {
    while !Task.isCancelled {
      wake.yield()
      var pause = Self.longestPause
      do {
        let next = try await database.read { [outbox] db in
          for channel in OutboxChannel.allCases { outbox.note(waiting: try OutboxStore(db).waiting(channel), on: channel) }
          return try OutboxStore(db).nextDue()
        }
        if let next { pause = min(pause, max(.milliseconds(200), next - now())) }
      } catch {
        log.warning("outbox_unreadable", ("fault", .string("\(error)")))
      }
      mail?.lanes.rest(after: Self.longestPause)
      sms?.transfers.rest(after: Self.longestPause)
      try? await Task.sleep(for: pause)
    }
    wake.finish()
  }

  /// Claims and sends until nothing is due.
  private func drain(_ channel: OutboxChannel, foundMore: () -> Void) async {
    let lease = OutboxRow.ID(at: now()).bytes
    while !Task.isCancelled {
      let rows: [OutboxRow]
      let end = now() + Self.lease
      do {
        rows = try await claim(channel, lease)
      } catch {
        return log.warning("outbox_unreadable", ("fault", .string("\(error)")))
      }
      if rows.isEmpty { return }
      if rows.count == Self.batch { foundMore() }
      for row in rows {
        let isInTime = !Task.isCancelled && now() + Self.longestTransfer <= end
        await settle(row, isInTime ? await send(row) : .givenBack)
      }
    }
  }

  private func claim(_ channel: OutboxChannel, _ lease: [UInt8]) async throws -> [OutboxRow] {
    let at = now()
    // A look costs the writer nothing.
    guard try await database.read({ try OutboxStore($0).hasDue(channel, at: at) }) else { return [] }
    return try await database.transaction { try OutboxStore($0).claim(channel, lease, for: Self.lease, limit: Self.batch, at: at) }
  }

  private enum Result {
    case delivered
    case expired
    case givenBack
    case postponed(String)
    case refused(String)

    init(_ outcome: DeliveryOutcome) {
      switch outcome {
      case .sent: self = .delivered
      case .postponed(let why): self = .postponed(why)
      case .refused(let why): self = .refused(why)
      }
    }
  }

  private func send(_ row: OutboxRow) async -> Result {
    guard now() < row.expiresAt else { return .expired }
    guard let kind = MessageKind(rawValue: row.template), let language = Language(rawValue: row.language),
      let template = templates.template(kind, language), let recipient = Recipient(row.channel, row.recipient),
      let payload = try? vault.open(row.payload, as: OutboxStore.purpose, for: row.id.bytes),
      let values = MessageValues(payload)?.worded(in: language)
    else { return .refused("this program cannot read it") }
    switch recipient {
    case .mail(let address):
      guard let mail else { return .postponed("no mail server is configured") }
      let written = template.mail(values)
      return Result(
        await mail.send(
          MailMessage(
            id: "\(row.id)", recipient: address, subject: written.subject, text: written.text, html: written.html, date: row.createdAt)))
    case .sms(let number):
      guard let sms, let text = template.sms(values) else { return .postponed("no SMS service is configured") }
      return Result(await sms.send(text, to: number))
    }
  }

  /// Writes down what became of a row. Where that fails the lease ends by itself and the row is sent once more.
  private func settle(_ row: OutboxRow, _ result: Result) async {
    let at = now()
    do {
      try await database.transaction { db in
        let store = OutboxStore(db)
        switch result {
        case .delivered, .expired: try store.delete(row)
        case .givenBack: try store.postpone(row, until: at, because: row.fault)
        case .refused(let why): try store.bury(row, because: Self.short(why))
        case .postponed(let why):
          guard let pause = Backoff.pause(after: row.attempts, seed: row.seed) else { return try store.bury(row, because: Self.short(why)) }
          try store.postpone(row, until: at + pause, because: Self.short(why))
        }
      }
    } catch {
      log.warning("outbox_unwritable", ("fault", .string("\(error)")))
    }
    note(row, result)
  }

  private func note(_ row: OutboxRow, _ result: Result) {
    let (id, channel) = (LogValue.string("\(row.id)"), LogValue.string(row.channel.rawValue))
    let (kind, attempt) = (LogValue.string(row.template), LogValue.integer(row.attempts))
    switch result {
    case .givenBack: break
    case .delivered: log.info("message_sent", ("message", id), ("channel", channel), ("template", kind), ("attempt", attempt))
    case .expired: log.warning("message_expired", ("message", id), ("channel", channel), ("template", kind), ("attempt", attempt))
    case .postponed(let why), .refused(let why):
      log.warning(
        "message_not_sent", ("message", id), ("channel", channel), ("template", kind), ("attempt", attempt),
        ("fault", .string(Self.short(why))))
    }
  }

  private static func short(_ text: String) -> String { PlainText(text, limit: 300).text }
}

/// How many lanes of each channel are at work.
private final class Lanes: Sendable {
  // A mutex: held to count.
  private let counts = Mutex<[OutboxChannel: Int]>([:])

  func begin(_ channel: OutboxChannel, atMost most: Int) -> Bool {
    counts.withLock { counts in
      guard counts[channel, default: 0] < most else { return false }
      counts[channel, default: 0] += 1
      return true
    }
  }

  func end(_ channel: OutboxChannel) { counts.withLock { $0[channel, default: 1] -= 1 } }
}
