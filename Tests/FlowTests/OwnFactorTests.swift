import Cryptography
import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

/// A factor that was begun: its id and what an authenticator app would hold.
struct BegunTOTP {
  let id: String
  let totp: TOTP

  init(id: String, totp: TOTP) {
    self.id = id
    self.totp = totp
  }

  init(_ answer: Answer) throws {
    id = try #require(answer.json?["id"]?.string, "\(answer)")
    totp = TOTP(secret: Secret(copying: try #require(answer.json?["secret"]?.string.flatMap { Base32.upper.decode($0) })))
  }

  func code(_ clock: ManualClock, steps: Int64 = 0) -> String {
    String(decoding: totp.code(step: totp.step(at: clock.now()) + steps), as: UTF8.self)
  }

  func wrongCode(_ clock: ManualClock) -> String {
    let near = Set((-2...2).map { code(clock, steps: $0) })
    return ["000000", "111111", "222222", "333333", "444444", "555555"].first { !near.contains($0) } ?? "666666"
  }
}

extension World {
  func beginTOTP(_ token: String, proof: String? = nil, _ more: (String, String)...) throws -> Answer {
    let body = proof.map { #"{"name":"phone","proof":"\#($0)"}"# } ?? #"{"name":"phone"}"#
    return try call("POST", "/auth/factors/totp", [World.bearer(token), World.json] + more, Array(body.utf8))
  }

  func confirm(_ id: String, _ code: String, _ token: String) throws -> Answer {
    try asUser("POST", "/auth/factors/totp/\(id)/confirm", token, #"{"code":"\#(code)"}"#)
  }

  /// Enrols a second authenticator within a session.
  func addTOTP(_ person: Person, _ token: String) throws -> BegunTOTP {
    let begun = try BegunTOTP(beginTOTP(token, proof: proof(person, token)))
    let confirmed = try confirm(begun.id, begun.code(clock), token)
    try #require(confirmed.status == 200, "\(confirmed)")
    return begun
  }

  func remove(_ id: String, proof: String?, _ token: String) throws -> Answer {
    try call("DELETE", "/auth/factors/\(id)", [World.bearer(token)] + (proof.map { [("X-Step-Up", $0)] } ?? []))
  }

  /// The identifiers of a user's factors of one method.
  func factorIDs(_ method: String, _ token: String) throws -> [String] {
    guard let factors = try asUser("GET", "/auth/factors", token).json?["factors"]?.elements else {
      throw Unexpected(what: "no factors for \(token)")
    }
    return factors.filter { $0["method"]?.string == method }.compactMap { $0["id"]?.string }
  }
}

@Suite("Users' own factors")
struct OwnFactorTests {
  @Test("a second authenticator: begun under a proof, confirmed by its code, good at the next sign-in, and the picture is one")
  func second() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      let answer = try world.beginTOTP(token, proof: world.proof(person, token))
      #expect(answer.status == 201, "\(answer)")
      let begun = try BegunTOTP(answer)
      #expect(answer.json?["uri"]?.string?.hasPrefix("otpauth://totp/CredentialFlow:user%40example.com?secret=") == true)
      #expect(answer.json?["qr_svg"]?.string?.hasPrefix("<svg xmlns=") == true)
      let listed = try world.asUser("GET", "/auth/factors", token)
      #expect(listed.json?["factors"]?.elements?.map { $0["confirmed"]?.boolean } == [true, true, false], "\(listed)")
      #expect(listed.json?["factors"]?.elements?[1]["remaining"]?.integer == 10)
      // Not confirmed: it is no factor.
      #expect(try world.auth(person.oneCall(begun.code(world.clock)), client).code == "invalid_credentials")
      let confirmed = try world.confirm(begun.id, begun.code(world.clock), token)
      #expect(confirmed.status == 200 && confirmed.json?["confirmed"]?.boolean == true, "\(confirmed)")
      #expect(confirmed.accessToken == nil)
      // The code that confirmed is used up.
      #expect(try world.auth(person.oneCall(begun.code(world.clock)), client).code == "invalid_credentials")
      world.clock.advance(by: .seconds(60))
      #expect(try world.auth(person.oneCall(begun.code(world.clock)), client).status == 200)
      #expect(try world.auth(person.oneCall(person.code(world.clock)), client).status == 200)
      #expect(try await world.audit("factor.offered").count == 1)
      #expect(try world.confirm(begun.id, begun.code(world.clock, steps: 1), token).code == "not_found")
    }
  }

  @Test("every change asks for a proof of its own, made in this session, for factors or for anything, and not spent")
  func proofs() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let (one, two) = (try world.signedIn(person, client).token(), try world.signedIn(person, client).token())
      let paper = try #require(try world.factorIDs("recovery_code", one).first)
      func refused(_ answer: Answer) -> Bool { answer.status == 401 && answer.code == "reauthentication_required" }
      let proof = try world.proof(person, one)
      for bad in [nil, "", "cfp_nonsense", one] as [String?] {
        #expect(try refused(world.beginTOTP(one, proof: bad)))
        #expect(try refused(world.remove(paper, proof: bad, one)))
      }
      #expect(try refused(world.asUser("POST", "/auth/factors/recovery-codes", one)))
      #expect(try refused(world.beginTOTP(two, proof: proof)))
      #expect(try refused(world.remove(paper, proof: proof, two)))
      #expect(try world.asUser("POST", "/auth/factors/recovery-codes", one, #"{"proof":"\#(proof)"}"#).status == 200)
      #expect(try refused(world.beginTOTP(one, proof: proof)))
      // What was asked for with a purpose is good for that alone.
      for (purpose, isGood) in [("keys", false), ("password", false), ("factors", true)] {
        world.clock.advance(by: .seconds(60))
        let challenge = try #require(try world.asUser("POST", "/auth/step-up", one, #"{"purpose":"\#(purpose)"}"#).challenge)
        let bound = try #require(try world.finish(challenge, person.code(world.clock), one).json?["proof"]?.string)
        #expect(try world.beginTOTP(one, ("X-Step-Up", bound)).status == (isGood ? 201 : 401), "\(purpose)")
      }
      #expect(try world.asUser("POST", "/auth/step-up", one, #"{"purpose":"else"}"#).pointer == "/purpose")
    }
  }

  @Test("what was begun is its session's alone, waits a quarter of an hour, and takes five answers")
  func bounds() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let other = try world.signedIn(try await world.addPerson("other@example.com"), client).token()
      let (two, signedIn) = (try world.signedIn(person, client).token(), try world.signedIn(person, client))
      let one = try signedIn.token()
      let begun = try BegunTOTP(world.beginTOTP(one, proof: world.proof(person, one)))
      for token in [two, other] { #expect(try world.confirm(begun.id, begun.code(world.clock), token).code == "not_found") }
      for left in (0...4).reversed() {
        let wrong = try world.confirm(begun.id, begun.wrongCode(world.clock), one)
        #expect(wrong.status == 401 && wrong.json?["attempts_left"]?.integer == Int64(left), "\(wrong)")
      }
      #expect(try world.confirm(begun.id, begun.code(world.clock), one).code == "not_found")
      let late = try BegunTOTP(world.beginTOTP(one, proof: world.proof(person, one)))
      world.clock.advance(by: .minutes(15))
      let same = try world.refresh(signedIn.refresh(), client).token()
      #expect(try world.confirm(late.id, late.code(world.clock), same).code == "not_found")
      #expect(try world.factorIDs("totp", same).count == 1)
      // Whoever begins over and over keeps five.
      let last = try world.signedIn(person, client).token()
      for _ in 0..<7 { #expect(try world.beginTOTP(last, proof: world.proof(person, last)).status == 201) }
      #expect(try world.factorIDs("totp", last).count == 6)
    }
  }

  @Test("the last factor stays, whatever is removed at once; recovery codes do not count")
  func last() async throws {
    try await World.run(["limits.loops": "2"]) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let (one, two) = (try world.signedIn(person, client).token(), try world.signedIn(person, client).token())
      let first = try #require(try world.factorIDs("totp", one).first)
      let proof = try world.proof(person, one)
      let refused = try world.remove(first, proof: proof, one)
      #expect(refused.status == 409 && refused.code == "conflict", "\(refused)")
      let other = try world.signedIn(try await world.addPerson("other@example.com"), client).token()
      let foreign = try #require(try world.factorIDs("totp", other).first)
      #expect(try world.remove(foreign, proof: world.proof(person, one), one).code == "not_found")
      // A refusal leaves the proof as it is.
      let kept = try world.proof(person, one)
      #expect(try world.remove(first, proof: kept, one).status == 409)
      let begun = try BegunTOTP(world.beginTOTP(one, proof: kept))
      #expect(try world.remove(first, proof: world.proof(person, one), one).status == 409)
      #expect(try world.confirm(begun.id, begun.code(world.clock), one).status == 200)
      let removals = try [(first, one), (begun.id, two)].map { id, token in
        Call.bytes("DELETE", "/auth/factors/\(id)", [World.bearer(token), ("X-Step-Up", try world.proof(person, token))], nil)
      }
      let connections = try (0..<2).map { _ in try Connection(port: world.port) }
      for (connection, removal) in zip(connections, removals) { connection.send(removal) }
      let statuses = try connections.map { try $0.answer().status }
      #expect(statuses.sorted() == [204, 409], "\(statuses)")
      #expect(try world.factorIDs("totp", one).count == 1)
      #expect(try await world.audit("factor.removed").count == 1)
    }
  }

  @Test("new recovery codes are good and the old ones dead; every change of factors makes devices strangers")
  func codesAndDevices() async throws {
    try await World.run { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let signedIn = try world.signedIn(person, client)
      let token = try signedIn.token()
      let device = try #require(signedIn.json?["device_token"]?.string)
      #expect(try await world.isKnown(device, person, client))
      let renewed = try world.asUser(
        "POST", "/auth/factors/recovery-codes", token, nil, ("X-Step-Up", world.proof(person, token)))
      let codes = try #require(renewed.json?["recovery_codes"]?.strings, "\(renewed)")
      #expect(codes.count == 10 && Set(codes).isDisjoint(with: person.recoveryCodes))
      #expect(try world.auth(person.oneCall(person.recoveryCodes[0], method: "recovery_code"), client).code == "invalid_credentials")
      let again = try world.auth(person.oneCall(codes[0], method: "recovery_code"), client)
      #expect(again.status == 200)
      #expect(try await !world.isKnown(device, person, client))
      let second = try #require(again.json?["device_token"]?.string)
      #expect(try await world.isKnown(second, person, client))
      _ = try world.addTOTP(person, again.token())
      #expect(try await !world.isKnown(second, person, client))
    }
  }
}

extension World {
  /// Whether a device token is evidence: a hundred wrong passwords lock everything that the account does not know.
  func isKnown(_ device: String, _ person: Person, _ client: Client) async throws -> Bool {
    for _ in 0..<100 { _ = try auth(person.body(password: "wrong horse battery staple"), client) }
    let known = try auth(person.body(#","device_token":"\#(device)""#), client)
    _ = try await application.accounts.unlock(person.name, by: World.admin)
    return known.code == "mfa_required"
  }
}
