import Identity
import JSON
import Primitives
import TestPost
import Testing

@testable import CredentialFlow

@Suite("The outbox", .enabled(if: PostOffice.isInstalled, "aiosmtpd is absent: Scripts/install-dependencies test"))
struct OutboxTests {
  /// A user whose only address is one of the post office's moods, and a notice on its way to it.
  private func notice(_ world: World, to address: String) async throws {
    let person = try await world.addPerson("user\(UInt32.random(in: 0 ... .max))@example.com")
    let id = try #require(Account.ID(person.id))
    _ = try await world.application.accounts.change(id, Accounts.Change(email: .set(address)), if: .any, by: World.admin)
    _ = try await world.application.accounts.setPassword(Secret(copying: "another horse battery".utf8), person.name, by: World.admin)
  }

  private func rows(_ world: World) async throws -> [JSONValue] {
    try #require(try JSONValue(parsing: Array(await world.command("outbox", "list", "--json").output.utf8)).elements)
  }

  @Test("a message is written with what it tells of, and sent by the running server as soon as that is committed")
  func woken() async throws {
    try await World.run(Post.settings()) { world in
      let outbox = world.server.outbox
      let running = Task { await outbox.run() }
      let address = Post.address()
      try await notice(world, to: address)
      #expect(try await Post.office.nextMails(to: address).count == 1)
      running.cancel()
      await running.value
      #expect(try await rows(world).isEmpty)
    }
  }

  @Test("what nobody will ever take is a dead letter at once; the operator lists it, sends it again or throws it away")
  func dead() async throws {
    try await World.run(Post.settings()) { world in
      let address = Post.address("permanent")
      try await notice(world, to: address)
      await world.deliver()
      let row = try #require(try await rows(world).first)
      #expect(row["state"]?.string == "dead" && row["attempts"]?.integer == 1 && row["recipient"]?.string == address)
      #expect(row["fault"]?.string?.contains("550") == true)
      let id = try #require(row["id"]?.string)
      #expect(await world.command("outbox", "retry", id).status == .done)
      #expect(try await rows(world).first?["state"]?.string == "waiting")
      await world.deliver()
      #expect(try await rows(world).first?["state"]?.string == "dead")
      #expect(await world.command("outbox", "discard", id).status == .done)
      #expect(try await rows(world).isEmpty)
      #expect(await world.command("outbox", "discard", id).status == .refused)
    }
  }

  @Test("what may be taken later is tried again, further and further apart, and given up in the end")
  func backoff() async throws {
    try await World.run(Post.settings()) { world in
      try await notice(world, to: Post.address("temporary"))
      var pauses: [Duration] = []
      for _ in 0..<19 {
        await world.deliver()
        let row = try #require(try await rows(world).first)
        try #require(row["state"]?.string == "waiting")
        let next = try #require(row["next_at"]?.string.flatMap { Instant(rfc3339: $0) })
        pauses.append(next - world.clock.now())
        // Nothing happens before.
        await world.deliver()
        #expect(try await rows(world).first?["attempts"]?.integer == Int64(pauses.count))
        world.clock.advance(by: pauses[pauses.count - 1] + .seconds(1))
      }
      #expect(pauses[0] <= .seconds(13) && pauses[0] >= .seconds(6))
      #expect(pauses[18] >= .minutes(22) && pauses[18] <= .minutes(38))
      await world.deliver()
      #expect(try await rows(world).first?["state"]?.string == "dead")
    }
  }

  @Test("a connection that was dropped costs the message nothing but time")
  func dropped() async throws {
    try await World.run(Post.settings()) { world in
      let address = Post.address("once")
      try await notice(world, to: address)
      await world.deliver()
      #expect(try await rows(world).first?["state"]?.string == "waiting")
      await world.deliver()
      #expect(try await rows(world).first?["attempts"]?.integer == 1)
      // The operator, who mended what was wrong, does not wait.
      #expect(await world.command("outbox", "retry", "all").output == "1 will be sent again\n")
      await world.deliver()
      #expect(try Post.office.mails(to: address).count == 1)
      #expect(try await rows(world).isEmpty)
    }
  }

  @Test("a code that was not sent in time is not sent at all")
  func expired() async throws {
    try await World.run(Post.settings()) { world in
      let (person, client, address) = (try await world.addPerson(), try await world.addClient(), Post.address())
      let token = try world.signedIn(person, client).token()
      #expect(try world.beginCode("email", address, world.proof(person, token), token).status == 201)
      world.clock.advance(by: .seconds(601))
      await world.deliver()
      #expect(try Post.office.mails(to: address, atLeast: 0).isEmpty)
      #expect(try await rows(world).isEmpty)
      #expect(world.hasLogged("message_expired"))
    }
  }

  @Test("a full outbox takes nothing more, and nobody is told")
  func full() async throws {
    try await World.run(Post.settings(["mail.queue": "100"])) { world in
      for _ in 0..<110 { try await notice(world, to: Post.address("temporary")) }
      #expect(try await rows(world).count == 100)
      #expect(world.hasLogged("the outbox is full"))
    }
  }

  @Test("a master key that is rotated opens what waits")
  func rotated() async throws {
    try await World.run(Post.settings()) { world in
      let address = Post.address()
      try await notice(world, to: address)
      _ = try await world.application.rotateMasterKey(by: World.admin)
      await world.deliver()
      #expect(try Post.office.mails(to: address).count == 1)
    }
  }

  @Test("messages stand in German where the configuration says so, and in the folder's own words where there are some")
  func templates() async throws {
    try await World.run(Post.settings(["mail.language": "de"])) { world in
      let (address, person) = (Post.address(), try await world.addPerson())
      let id = try #require(Account.ID(person.id))
      func change(_ phone: String) async throws {
        _ = try await world.application.accounts.change(
          id, Accounts.Change(email: .set(address), phone: .set(phone)), if: .any, by: World.admin)
      }
      try await change("+4917012345678")
      try await change("+4917012345679")
      #expect(await world.command("user", "set-language", person.name, "en").status == .done)
      try await change("+4917012345670")
      await world.deliver()
      let mails = try Post.office.mails(to: address, atLeast: 2).map { $0.replacing("=\r\n", with: "") }
      #expect(mails.contains { $0.contains("Eine Adresse von user@example.com wurde ge=C3=A4ndert") })
      #expect(mails.contains { $0.contains("An address of user@example.com was changed") })
    }
  }
}
