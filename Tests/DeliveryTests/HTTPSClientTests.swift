import Primitives
import TestPost
import Testing

@testable import Delivery

@Suite("Requests elsewhere", .enabled(if: PostOffice.isInstalled, "aiosmtpd is absent: Scripts/install-dependencies test"))
struct HTTPSClientTests {
  private let office: PostOffice

  init() throws { office = try PostOffice.shared.get() }

  private func address(_ path: String) throws -> HTTPSAddress {
    try #require(HTTPSAddress("http://127.0.0.1:\(office.port("sms"))\(path)"))
  }

  @Test("an answer comes back whole, and one that is too long is none")
  func bound() async throws {
    let client = HTTPSClient("test", answerLimit: 1_000)
    let answer = try await client.send(
      HTTPSRequest(try address("/x"), body: Array(#"{"to":"+49170\#(UInt32.random(in: 0 ... .max))"}"#.utf8)))
    #expect(answer.status == 200 && answer.body == Array("{}".utf8))
    let long = try HTTPSRequest(address("/large"), body: Array(#"{"to":"+49170\#(UInt32.random(in: 0 ... .max))"}"#.utf8))
    await #expect(throws: TransferError.self) { try await client.send(long) }
  }

  @Test("a redirect is an answer, not an order")
  func redirect() async throws {
    let request = HTTPSRequest(
      try address("/x"), headers: [try #require(HTTPSHeader("Content-Type", "application/json"))], body: Array(#"{"to":"+49003"}"#.utf8))
    #expect(try await HTTPSClient("test").send(request).status == 302)
  }

  @Test("nobody listening is a failure, in time")
  func refused() async throws {
    let closed = try #require(HTTPSAddress("http://127.0.0.1:1/"))
    await #expect(throws: TransferError.self) { try await HTTPSClient("test").send(HTTPSRequest(closed)) }
  }

  @Test("what stopped takes nothing more")
  func stopped() async throws {
    let client = HTTPSClient("test")
    client.lanes.stop()
    let request = HTTPSRequest(try address("/x"))
    await #expect(throws: TransferError.busy) { try await client.send(request) }
  }

  @Test(
    "the service's answer decides: taken, to be tried again, or refused for good",
    arguments: [("+49000000005", "sent"), ("+49000000001", "postponed"), ("+49000000002", "refused"), ("+49000000004", "postponed")])
  func outcomes(number: String, expected: String) async throws {
    let members: [String: SettingsValue] = [
      "provider": .string("webhook"), "url": .string(try address("/send").text), "countries": .array([.string("DE")]),
    ]
    let reader = SettingsReader(members) { path throws(SettingsError) in throw SettingsError(path: path, detail: "no file") }
    let sender = SMSSender(try #require(try SMSSettings(from: reader).service))
    let outcome = await sender.send(PlainText("hello \"you\""), to: try #require(PhoneNumber(number)))
    #expect("\(outcome)".hasPrefix(expected), "\(outcome)")
  }

  @Test(
    "what the configuration of mail and SMS must not say",
    arguments: [
      ("url", "http://mail.example.com"), ("url", "smtp://user@mail.example.com"), ("url", "smtp://mail.example.com/path"),
      ("url", "smtp://mail.example.com:99999"), ("security", "ssl"), ("security", "tls"), ("from", "nobody"),
      ("username", "without password"),
    ])
  func wrongMail(key: String, value: String) {
    var members: [String: SettingsValue] = ["url": .string("smtp://mail.example.com:587"), "from": .string("noreply@example.com")]
    members[key] = .string(value)
    let reader = SettingsReader(members, path: "mail") { path throws(SettingsError) in throw SettingsError(path: path, detail: "no file") }
    #expect {
      try MailSettings(from: reader)
    } throws: { ($0 as? SettingsError)?.path == "mail.\(key)" }
  }

  @Test("a password goes nowhere in the clear but to this machine")
  func clearPassword() throws {
    func settings(_ host: String) throws -> MailSettings {
      let members: [String: SettingsValue] = [
        "url": .string("smtp://\(host):25"), "from": .string("noreply@example.com"), "security": .string("none"),
        "username": .string("a"), "password": .string("b"),
      ]
      return try MailSettings(
        from: SettingsReader(members) { path throws(SettingsError) in throw SettingsError(path: path, detail: "no file") })
    }
    #expect(throws: SettingsError.self) { try settings("mail.example.com") }
    _ = try settings("127.0.0.1")
  }
}
