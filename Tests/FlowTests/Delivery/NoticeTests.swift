import Identity
import JSON
import Journal
import Persistence
import Primitives
import TestPost
import Testing

@testable import CredentialFlow

@Suite("Notices, and what goes into a mail", .enabled(if: PostOffice.isInstalled, "aiosmtpd is absent: Scripts/install-dependencies test"))
struct NoticeTests {
  private func addPerson(_ world: World, email: String?) async throws -> Person {
    let person = try await world.addPerson()
    let id = try #require(Account.ID(person.id))
    guard
      case .done = try await world.application.accounts.change(
        id, Accounts.Change(email: email.map { Edit.set($0) } ?? .remove), if: .any, by: World.admin)
    else {
      throw World.Unexpected(what: "no address")
    }
    return person
  }

  @Test("a sign-in from a new device is told with request, time and place; one from a known device is not")
  func newDevice() async throws {
    try await World.run(Post.settings()) { world in
      let (address, id) = (Post.address(), "01a2b3c4-0000-7000-8000-0123456789ab")
      let (person, client) = (try await addPerson(world, email: address), try await world.addClient())
      world.clock.advance(by: .seconds(90))
      let first = try world.auth(
        person.oneCall(person.code(world.clock), #","device":"Ann's <laptop>""#), client, ("X-Request-ID", id))
      let token = try #require(first.json?["device_token"]?.string)
      world.clock.advance(by: .seconds(90))
      let body = person.oneCall(person.code(world.clock), #","device_token":"\#(token)""#)
      #expect(try world.auth(body, client).status == 200)
      await world.deliver()
      let mails = try Post.office.mails(to: address)
      #expect(mails.count == 1)
      let mail = try #require(mails.first).replacing("=\r\n", with: "")
      #expect(mail.contains("Subject: CredentialFlow: a sign-in from a new device\r\n"))
      for part in ["Ann's <laptop>", "Ann&#39;s &lt;laptop&gt;", "Request: \(id)", "127.0.0.1", "2027-01-15 08:01 UTC"] {
        #expect(mail.contains(part), "\(part)")
      }
      #expect(!mail.contains("http") && !mail.contains("href"))
    }
  }

  @Test("what a client calls itself or its request is no link in a mail; the record knows the request by both its names")
  func strangersWords() async throws {
    try await World.run(Post.settings()) { world in
      let address = Post.address()
      let (person, client) = (try await addPerson(world, email: address), try await world.addClient())
      world.clock.advance(by: .seconds(90))
      let body = person.oneCall(person.code(world.clock), #","device":"Look at https://evil.example/login?x=1 now""#)
      #expect(try world.auth(body, client, ("X-Request-ID", "www.evil.example")).status == 200)
      await world.deliver()
      let mail = try #require(try Post.office.mails(to: address).first).replacing("=\r\n", with: "")
      #expect(mail.contains("Look at https evil example login x 1 now") && !mail.contains("evil.example"))
      let entry = try #require(try await world.audit("notice.referenced").first)
      let reference = try #require(try JSONValue(parsing: Array(entry.detail.utf8))["reference"]?.string)
      #expect(entry.requestID == "www.evil.example" && mail.contains("Request: \(reference)"))
    }
  }

  @Test("password, factors and address: each change is told, the last to the address that was")
  func changes() async throws {
    try await World.run(Post.settings()) { world in
      let (old, new) = (Post.address(), Post.address("bea"))
      let (person, client) = (try await addPerson(world, email: old), try await world.addClient())
      let factor = try await world.enrol("email", Post.address("cyd"), person, client)
      let token = try world.signedIn(person, client).token()
      #expect(try world.remove(factor, proof: world.proof(person, token), token).status == 204)
      let id = try #require(Account.ID(person.id))
      _ = try await world.application.accounts.setPassword(Secret(copying: "another horse battery".utf8), person.name, by: World.admin)
      _ = try await world.application.accounts.change(id, Accounts.Change(email: .set(new)), if: .any, by: World.admin)
      await world.deliver()
      let subjects = try Post.office.mails(to: old, atLeast: 6).compactMap { mail in
        mail.split(separator: "\r\n").first { $0.hasPrefix("Subject: ") }.map { $0.dropFirst(25) }
      }
      #expect(
        Set(subjects) == [
          "a sign-in from a new device", "a second factor was added", "a second factor was removed", "your password was changed",
          "an address was changed",
        ])
      let last = try Post.office.mails(to: old).first { $0.contains("an address was changed") }?.replacing("=\r\n", with: "")
      #expect(last?.contains("a***@example.net") == true && last?.contains("b***@example.net") == true && last?.contains(new) == false)
      #expect(try Post.office.mails(to: new, atLeast: 0).isEmpty)
    }
  }

  @Test("of another number the old one is told too, also where there is no mail")
  func numbers() async throws {
    try await World.run(Post.settings()) { world in
      let person = try await world.addPerson()
      let id = try #require(Account.ID(person.id))
      for number in ["+491711111111", "+491722222222"] {
        _ = try await world.application.accounts.change(id, .init(phone: .set(number)), if: .any, by: World.admin)
      }
      let told = try await world.mails().filter { $0.template == "notice_address" }
      #expect(told.map(\.recipient) == ["+491711111111"])
      await world.deliver()
      #expect(try await world.mails().isEmpty)
    }
  }

  @Test("what a command did is told by an id that the record knows")
  func commands() async throws {
    try await World.run(World.mail) { world in
      let person = try await world.addMailPerson()
      #expect(await world.command("user", "reset-mfa", person.name).status == .done)
      let told = try #require(try await world.lastMail("notice_factors_reset", to: person.name))
      let entries = try await world.application.database.read { try AuditLog($0).tail(50) }
      #expect(entries.contains { $0.requestID == told.values["request"]?.string && $0.actor.hasPrefix("command:") })
    }
  }

  @Test("notices to one user are paced, and what they tell of goes on")
  func paced() async throws {
    try await World.run(Post.settings(["pace.enabled": "true", "messages.notices.burst": "2"])) { world in
      let address = Post.address()
      let (person, client) = (try await addPerson(world, email: address), try await world.addClient())
      for _ in 0..<5 {
        world.clock.advance(by: .seconds(31))
        #expect(try world.auth(person.oneCall(person.code(world.clock)), client).status == 200)
      }
      // Another kind is told all the same.
      _ = try await world.application.accounts.setPassword(Secret(copying: "another horse battery".utf8), person.name, by: World.admin)
      await world.deliver()
      let mails = try Post.office.mails(to: address, atLeast: 3)
      #expect(mails.count < 6 && mails.contains { $0.contains("your password was changed") })
      #expect(try await world.audit("notice.withheld").count == 6 - mails.count && world.hasLogged("notice_withheld"))
    }
  }

  @Test("Host, X-Forwarded-Host, Origin and their like change no byte of a mail")
  func headerMutation() async throws {
    try await World.run(Post.settings()) { world in
      let (person, client, address) = (try await addPerson(world, email: Post.address()), try await world.addClient(), Post.address())
      _ = try await world.enrol("email", address, person, client)
      var variants: [[(String, String)]] = [[]]
      for name in [
        "Host", "X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Original-Host", "Origin", "Referer", "From",
        "User-Agent", "Accept-Language", "X-Host", "Via",
      ] { variants.append([(name, "evil.example")]) }
      func send(_ challenge: String, _ headers: [(String, String)]) throws -> Answer {
        let body = Array(#"{"challenge":"\#(challenge)","method":"email"}"#.utf8)
        let host = headers.first { $0.0 == "Host" }?.1 ?? "auth.example.com"
        let bytes = Call.bytes("POST", "/auth/mfa/send", [World.json, client.key] + headers.filter { $0.0 != "Host" }, body)
        let connection = try Connection(port: world.port)
        connection.send(Array(String(decoding: bytes, as: UTF8.self).replacing("auth.example.com", with: host).utf8))
        return try connection.answer()
      }
      for (index, headers) in variants.enumerated() {
        let sent = try send(try world.challenge(person, client), headers)
        #expect(sent.status == 202, "\(headers): \(sent)")
        _ = try await world.mailedCode(address, index + 2)
      }
      let mails = try Post.office.mails(to: address, atLeast: variants.count + 1).dropFirst()
      #expect(Set(try mails.map(Self.withoutChance)).count == 1)
      #expect(!mails.contains { $0.contains("evil") })
    }
  }

  /// A mail without what differs between any two: who delivered it, its id and its code.
  private static func withoutChance(_ mail: String) throws -> String {
    // Without soft line ends, which may stand within a code.
    let lines = mail.replacing("=\r\n", with: "").split(separator: "\r\n", omittingEmptySubsequences: false)
    let id = try #require(lines.first { $0.hasPrefix("Message-ID: <") }?.dropFirst(13).prefix(36))
    return lines.filter { !$0.hasPrefix("X-Test-Session") }.joined(separator: "\n").replacing(id, with: "ID").replacing(
      try Post.code(in: mail), with: "CODE")
  }
}
