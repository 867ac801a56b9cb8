import Identity
import JSON
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

/// At each door that takes a secret from somebody unknown, whatever is wrong gets one answer: the same bytes, the same fields.
@Suite("Refusals are alike at every door")
struct RefusalTests {
  /// One door's refusals, each named by what is wrong.
  private struct Door {
    let name: String
    let status: Int
    let code: String
    let answers: [(cause: String, answer: Answer)]
  }

  private func check(_ door: Door) {
    #expect(door.answers.count > 2, "\(door.name)")
    for (cause, answer) in door.answers {
      #expect(answer.status == door.status && answer.code == door.code, "\(door.name), \(cause): \(answer)")
      #expect(answer.withoutRequestID == door.answers[0].answer.withoutRequestID, "\(door.name), \(cause)")
      #expect(answer.comparableFields == door.answers[0].answer.comparableFields, "\(door.name), \(cause)")
    }
  }

  private struct Cast {
    let person: Person
    let other: Person
    let disabled: Person
    let client: Client
    let stranger: Client
    let passkey: SoftAuthenticator
  }

  private func cast(_ world: World) async throws -> Cast {
    let client = try await world.addClient()
    let disabled = try await world.addMailPerson("disabled@example.com")
    _ = try await world.application.accounts.setEnabled(false, disabled.name, by: World.admin)
    let person = try await world.addMailPerson()
    return Cast(
      person: person, other: try await world.addMailPerson("other@example.com"), disabled: disabled, client: client,
      stranger: try await world.addClient("stranger"), passkey: try world.addPasskey(person, client))
  }

  private func run(_ body: (World, Cast) async throws -> Void) async throws {
    let settings = World.mail.merging(["registration.enabled": "true"]) { $1 }
    try await World.runWithPasskeys(settings) { world in try await body(world, try await cast(world)) }
  }

  @Test("of a password, and of a code beside it")
  func password() async throws {
    try await run { world, cast in
      let (person, client) = (cast.person, cast.client)
      let wrong = "wrong horse battery"
      let code = person.wrongCode(world.clock)
      let unknown = #"{"username":"nobody@example.com","password":"\#(person.password)"}"#
      check(
        Door(
          name: "/auth", status: 401, code: "invalid_credentials",
          answers: [
            ("unknown user", try world.auth(unknown, client)), ("wrong password", try world.auth(person.body(password: wrong), client)),
            ("disabled user", try world.auth(cast.disabled.body(), client)), ("wrong code", try world.auth(person.oneCall(code), client)),
            (
              "wrong password, right code",
              try world.auth(
                person.body(
                  #","mfa":{"method":"totp","code":"\#(person.code(world.clock))"}"#, password: wrong), client)
            ),
            ("wrong recovery code", try world.auth(person.oneCall("aaaa-bbbb-cccc", method: "recovery_code"), client)),
            ("a name that nobody can have", try world.auth(#"{"username":"a b","password":"\#(wrong)"}"#, client)),
          ]))
    }
  }

  @Test("of a name that is nobody's, whatever has become of somebody else's authenticator apps")
  func standIn() async throws {
    try await run { world, cast in
      let (person, client) = (cast.person, cast.client)
      try await world.application.database.transaction { db in
        try db.run("UPDATE factor SET totp_secret = \([1, 0, 0, 0, 1, 0, 0] as [UInt8]) WHERE totp_secret IS NOT NULL")
      }
      let mfa = #","mfa":{"method":"totp","code":"123456"}"#
      check(
        Door(
          name: "/auth", status: 401, code: "invalid_credentials",
          answers: [
            ("unknown user", try world.auth(#"{"username":"nobody@example.com","password":"wrong horse battery"\#(mfa)}"#, client)),
            ("unknown user again", try world.auth(#"{"username":"nobody2@example.com","password":"wrong horse battery"\#(mfa)}"#, client)),
            ("wrong password", try world.auth(person.body(mfa, password: "wrong horse battery"), client)),
          ]))
    }
  }

  @Test("of a challenge, where it is answered and where a code is asked for it")
  func challenge() async throws {
    try await run { world, cast in
      let (person, client) = (cast.person, cast.client)
      let old = try world.challenge(person, client)
      world.clock.advance(by: .minutes(6))
      let used = try world.challenge(person, client)
      #expect(try world.answer(used, person.code(world.clock), client).status == 200)
      let foreign = try world.challenge(cast.other, cast.stranger)
      let live = try world.challenge(person, client)
      let causes = [
        ("expired", old), ("used", used), ("another application's", foreign), ("changed", String(live.dropLast(2)) + "AA"),
        ("nonsense", "nonsense"), ("empty", ""), ("another kind", person.recoveryCodes[0]),
      ]
      check(
        Door(
          name: "/auth/mfa", status: 400, code: "invalid_challenge",
          answers: try causes.map { ($0, try world.answer($1, person.code(world.clock), client)) }))
      check(
        Door(
          name: "/auth/mfa/send", status: 400, code: "invalid_challenge",
          answers: try causes.map {
            ($0, try world.post("/auth/mfa/send", #"{"challenge":"\#($1)","method":"email"}"#, client.key))
          }))
    }
  }

  @Test("of a passkey without a password")
  func passkey() async throws {
    try await run { world, cast in
      let stranger = try SoftAuthenticator()
      var elsewhere = cast.passkey
      elsewhere.origin = "https://evil.example.com"
      var unverified = cast.passkey
      unverified.flags = 0b1
      let handle = Account.ID(at: world.clock.now()).bytes
      func answer(_ sign: (JSONValue) throws -> String) throws -> Answer {
        let request = try world.passkeyRequest(cast.client)
        return try world.post("/auth/passkey", World.passkeyBody(request.challenge, sign(request.options)), cast.client.key)
      }
      var answers: [(String, Answer)] = [
        ("unknown credential", try answer { try stranger.assert($0, handle: handle) }),
        ("wrong signature", try answer { try cast.passkey.assert($0, isTrue: false) }),
        ("another's handle", try answer { try cast.passkey.assert($0, handle: handle) }),
        ("another origin", try answer { try elsewhere.assert($0) }), ("unverified", try answer { try unverified.assert($0) }),
      ]
      _ = try await world.application.accounts.setEnabled(false, cast.person.name, by: World.admin)
      answers.append(("disabled user", try answer { try cast.passkey.assert($0) }))
      check(Door(name: "/auth/passkey", status: 401, code: "invalid_credentials", answers: answers))
    }
  }

  @Test("of a mailed code, at every door of a recovery and at an invitation's")
  func mailedCodes() async throws {
    try await run { world, cast in
      let (person, client) = (cast.person, cast.client)
      let over = try await world.recoveryCode(cast.other, client)
      world.clock.advance(by: .minutes(31))
      let used = try await world.recoveryCode(person, client)
      #expect(try world.finishRecovery(used, client, mfa: person.code(world.clock)).status == 204)
      let live = try await world.recoveryCode(cast.other, client)
      let causes = [
        ("over", over), ("used", used), ("changed", String(live.dropLast(2)) + "AA"), ("nonsense", "nonsense"), ("empty", ""),
        ("another kind", "cfi_nonsense"),
      ]
      for (path, rest) in [
        ("options", ""), ("send", #","method":"email""#), ("finish", #","password":"a b c d e f g h","mfa":{"method":"totp","code":"1"}"#),
      ] {
        check(
          Door(
            name: path, status: 400, code: "invalid_challenge",
            answers: try causes.map { ($0, try world.post("/auth/recovery/\(path)", #"{"code":"\#($1)"\#(rest)}"#, client.key)) }))
      }
      let replaced = try await world.invited("invited@example.com")
      let invitation = try #require(try await world.invite("invited@example.com").code)
      check(
        Door(
          name: "invitation", status: 400, code: "invalid_invitation",
          answers: try [
            ("replaced", replaced), ("changed", String(invitation.dropLast(2)) + "AA"), ("a recovery's", live), ("nonsense", "nonsense"),
          ].map { ($0, try world.accept($1, client)) }))
    }
  }

  @Test("of a step-up's challenge, a proof, and a factor's confirmation")
  func steppedUp() async throws {
    try await run { world, cast in
      let (person, client) = (cast.person, cast.client)
      let (own, other) = (try world.signedInLater(person, client), try world.signedInLater(cast.other, client))
      let foreign = try world.stepUp(other)
      let used = try world.stepUp(own)
      world.clock.advance(by: .seconds(60))
      let proof = try #require(try world.finish(used, person.code(world.clock), own).json?["proof"]?.string)
      let signIn = try world.challenge(person, client)
      let causes = [("another session's", foreign), ("used", used), ("a sign-in's", signIn), ("nonsense", "nonsense"), ("a proof", proof)]
      check(
        Door(
          name: "step-up", status: 400, code: "invalid_challenge",
          answers: try causes.map { ($0, try world.finish($1, person.code(world.clock), own)) }))
      #expect(try world.beginTOTP(own, proof: proof).status == 201)
      check(
        Door(
          name: "proof", status: 401, code: "reauthentication_required",
          answers: try [("spent", proof), ("a challenge", foreign), ("nonsense", "nonsense"), ("empty", "")].map {
            ($0, try world.beginTOTP(own, proof: $1))
          }))
      let begun = try BegunTOTP(world.beginTOTP(other, proof: try world.proof(cast.other, other)))
      let enrolled = try #require(try world.factorIDs("totp", own).first)
      check(
        Door(
          name: "confirmation", status: 404, code: "not_found",
          answers: try [("another's", begun.id), ("nobody's", "\(Account.ID(at: world.clock.now()))"), ("confirmed", enrolled)].map {
            ($0, try world.confirm($1, "123456", own))
          }))
    }
  }
}

extension World {
  /// An access token, of a sign-in with a code that was not used before.
  fileprivate func signedInLater(_ person: Person, _ client: Client) throws -> String {
    clock.advance(by: .seconds(60))
    return try signedIn(person, client).token()
  }
}

extension Answer {
  /// The fields in their order, without those that belong to the moment.
  fileprivate var comparableFields: [String] {
    headers.filter { !["x-request-id", "date"].contains($0.name.lowercased()) }.map { "\($0.name): \($0.value)" }
  }
}
