import Primitives
import TestPost
import Testing

@testable import Delivery

@Suite("Mail to a real server", .enabled(if: PostOffice.isInstalled, "aiosmtpd is absent: Scripts/install-dependencies test"))
struct MailSenderTests {
  private let office: PostOffice

  init() throws { office = try PostOffice.shared.get() }

  private enum Way: String, CaseIterable {
    case plain, starttls, tls
  }

  private func sender(_ way: Way, _ changes: [String: SettingsValue] = [:], host: String = "localhost") throws -> MailSender {
    var members: [String: SettingsValue] = [
      "url": .string("\(way == .tls ? "smtps" : "smtp")://\(host):\(office.port(way.rawValue))"),
      "from": .string("Example <noreply@example.com>"),
      "connections": .integer(1), "timeout": .integer(5),
    ]
    if way == .plain {
      members["security"] = .string("none")
    } else {
      members["caFile"] = .string(office.certificate)
      members["username"] = .string("sender")
      members["password"] = .string("correct horse")
    }
    members.merge(changes) { $1 }
    let settings = try MailSettings(
      from: SettingsReader(members) { path throws(SettingsError) in throw SettingsError(path: path, detail: "") })
    return MailSender(try #require(settings.server), from: settings.from)
  }

  private func message(to recipient: String) throws -> MailMessage {
    MailMessage(
      id: "0193-\(recipient.prefix { $0 != "@" })", recipient: try #require(MailAddress(recipient)), subject: PlainText("Grüße"),
      text: "one\n.\ntwo", html: "<p>one</p>", date: Instant(unixSeconds: 1_800_000_015))
  }

  private func recipient(_ mood: String = "ann") -> String { "\(mood).\(UInt64.random(in: 0 ... .max))@example.net" }

  @Test("a mail arrives, encrypted and by our account where the server has one", arguments: Way.allCases)
  private func arrives(way: Way) async throws {
    let to = recipient()
    #expect(try await sender(way).send(try message(to: to)) == .sent)
    let mail = try #require(office.mails(to: to).first)
    #expect(mail.hasPrefix("X-Test-Session: tls=\(way == .starttls ? "yes" : "no") login=\(way == .plain ? "-" : "sender") "))
    #expect(mail.contains("Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\n"))
    #expect(mail.contains("\r\n\r\none\r\n=2E\r\ntwo\r\n"))
  }

  @Test("connections are kept from one mail to the next")
  func kept() async throws {
    let (sender, to) = (try sender(.starttls), recipient())
    for _ in 0..<3 { #expect(await sender.send(try message(to: to)) == .sent) }
    let mails = office.mails(to: to, atLeast: 3)
    #expect(Set(mails.map { $0.prefix { $0 != "\r\n" } }).count == 1)
    sender.lanes.rest(after: .zero)
    #expect(await sender.send(try message(to: to)) == .sent)
    #expect(Set(office.mails(to: to, atLeast: 4).map { $0.prefix { $0 != "\r\n" } }).count == 2)
  }

  @Test(
    "what nobody will ever take is refused, everything else is tried again",
    arguments: [
      ("temporary", false), ("permanent", true), ("late", true), ("drop", false),
    ])
  func outcomes(mood: String, isFinal: Bool) async throws {
    let outcome = try await sender(.plain).send(try message(to: recipient(mood)))
    if isFinal {
      guard case .refused = outcome else { throw Absent("\(outcome)") }
    } else {
      guard case .postponed = outcome else { throw Absent("\(outcome)") }
    }
  }

  private struct Absent: Error {
    let what: String
    init(_ what: String) { self.what = what }
  }

  @Test("a server that falls silent costs the time-out and no more")
  func stalls() async throws {
    let start = ContinuousClock.now
    let outcome = try await sender(.plain, ["timeout": .integer(1)]).send(try message(to: recipient("stall")))
    guard case .postponed = outcome else { throw Absent("\(outcome)") }
    // The time-out is one second; the rest is room for a machine that is busy.
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  @Test("a certificate that nobody vouches for, or of another name, gets no mail", arguments: [Way.starttls, .tls])
  private func certificates(way: Way) async throws {
    for sender in [try sender(way, ["caFile": .string("")]), try sender(way, host: "127.0.0.1")] {
      guard case .postponed = await sender.send(try message(to: recipient())) else { throw Absent("sent") }
    }
  }

  @Test("a server without STARTTLS gets no mail where encryption is asked for")
  func noEncryption() async throws {
    guard case .postponed = try await sender(.plain, ["security": .string("starttls")]).send(try message(to: recipient())) else {
      throw Absent("sent")
    }
  }

  @Test("a wrong password is no fault of the mail")
  func wrongPassword() async throws {
    let outcome = try await sender(.starttls, ["password": .string("wrong")]).send(try message(to: recipient()))
    guard case .postponed = outcome else { throw Absent("\(outcome)") }
  }

  @Test("what is stopped ends at once and takes nothing more")
  func stopped() async throws {
    let sender = try sender(.plain, ["timeout": .integer(60)])
    let to = recipient("stall")
    async let outcome = sender.send(try message(to: to))
    // A lane is at work as soon as a second mail finds it taken.
    sender.lanes.stop()
    guard case .postponed = try await outcome else { throw Absent("sent") }
    guard case .postponed = await sender.send(try message(to: recipient())) else { throw Absent("sent") }
  }
}
