internal import CCurl
internal import Primitives

/// What became of a message.
package enum DeliveryOutcome: Sendable, Equatable {
  case sent
  /// Trying again may help; why not, for the log.
  case postponed(String)
  /// Nobody will ever take it.
  case refused(String)
}

/// Hands mail to the server of the configuration, over connections that are kept.
package struct MailSender: Sendable {
  package let lanes: TransferLanes
  private let server: MailServer
  private let from: MailSenderName

  package init(_ server: MailServer, from: MailSenderName) {
    self.server = server
    self.from = from
    // Whoever sends waits for his turn: the outbox has no more under way than there are lanes.
    lanes = TransferLanes("mail", count: server.connections, capacity: server.connections)
  }

  package func send(_ message: MailMessage) async -> DeliveryOutcome {
    let bytes = MailWriter.bytes(message, from: from)
    do throws(TransferError) {
      return try await lanes.run { [server, from] handle throws(TransferError) in
        let mayBeStale = handle.hasRun
        Self.prepare(handle, server, from, message.recipient)
        let ending = try handle.run(body: bytes, isUpload: true, limit: 65_536)
        guard mayBeStale, ending.isOfStaleConnection else { return Self.outcome(ending) }
        Self.prepare(handle, server, from, message.recipient)
        handle.set(CURLOPT_FRESH_CONNECT, 1)
        return Self.outcome(try handle.run(body: bytes, isUpload: true, limit: 65_536))
      }
    } catch {
      return .postponed("\(error)")
    }
  }

  private static func prepare(_ handle: TransferHandle, _ server: MailServer, _ from: MailSenderName, _ recipient: MailAddress) {
    handle.reset()
    handle.setUp(server.limits)
    handle.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
    // The path is the name in EHLO.
    handle.set(CURLOPT_URL, "\(server.url)/\(from.address.domain)")
    // CURLUSESSL_ALL: without STARTTLS nothing is sent.
    if server.security == .starttls { handle.set(CURLOPT_USE_SSL, 3) }
    if let password = server.password {
      handle.set(CURLOPT_USERNAME, server.username)
      handle.set(CURLOPT_PASSWORD, password)
    }
    handle.set(CURLOPT_MAIL_FROM, "<\(from.address)>")
    handle.add(CURLOPT_MAIL_RCPT, "<\(recipient)>")
  }

  /// A 5xx for this mail is final; what concerns the server, the way to it or our account there is not.
  private static func outcome(_ ending: TransferHandle.Ending) -> DeliveryOutcome {
    guard ending.code != 0 else { return .sent }
    let text = "\(ending.error) (libcurl \(ending.code), SMTP \(ending.status))"
    // CURLE_SEND_ERROR: MAIL, RCPT or DATA was refused; otherwise a 5xx counts only after the mail itself.
    let isAboutMail = ending.code == Int32(CURLE_SEND_ERROR.rawValue) || ending.uploaded > 0
    return (500...599).contains(ending.status) && isAboutMail ? .refused(text) : .postponed(text)
  }
}

extension TransferHandle.Ending {
  /// Nothing of the mail went out, over a connection that may have been kept and that the server has left meanwhile.
  fileprivate var isOfStaleConnection: Bool {
    let codes = [CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_WEIRD_SERVER_REPLY].map { Int32($0.rawValue) }
    return codes.contains(code) && uploaded == 0 && (status < 400 || status == 421)
  }
}
