import Cryptography
import Glibc
import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

/// One walk: picks calls by a seed, and checks after each that nothing was given that was not earned.
final class CredentialWalk {
  let world: World
  let client: Client
  let users: [WalkedUser]
  var generator: SeededGenerator
  var counts: [String: Int] = [:]
  var usedSignatures: [(challenge: String, credential: String)] = []

  init(_ world: World, _ client: Client, _ users: [WalkedUser], seed: UInt64) {
    self.world = world
    self.client = client
    self.users = users
    generator = SeededGenerator(state: seed)
  }

  func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
  func chance(_ percent: Int) -> Bool { pick(100) < percent }
  func any<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &generator) }

  func require(_ isRight: Bool, _ what: @autoclosure () -> String) throws {
    guard isRight else { throw World.Unexpected(what: what()) }
  }

  /// No answer but an earned one holds a session's tokens.
  func refuseTokens(_ answer: Answer, unless isEarned: Bool, _ what: @autoclosure () -> String) throws {
    let hasTokens = answer.accessToken != nil || answer.text.contains(#""cfr_"#)
    try require(isEarned || !hasTokens, "\(what()) gave tokens: \(answer)")
  }

  /// An answer for a factor: mostly one that a user could give, of whom it may.
  func answer(of user: WalkedUser) -> (method: String, code: String) {
    let owner = chance(85) ? user : users[pick(users.count)]
    switch pick(8) {
    case 0...3: if let totp = any(owner.totps)?.begun { return ("totp", totp.code(world.clock, steps: Int64(pick(3) - 1))) }
    case 4: if let code = any(owner.codes) { return ("recovery_code", code) }
    case 5: if let code = any(owner.spentCodes) { return ("recovery_code", code) }
    case 6: if let piece = any(owner.pieces) { return (chance(50) ? "totp" : "recovery_code", String(piece.prefix(60))) }
    default: break
    }
    return ("totp", String(100_000 + pick(900_000)))
  }

  func opened(_ user: WalkedUser, _ answer: Answer, _ what: String) throws {
    let session = try WalkedSession(answer)
    try require(["aal1", "aal2"].contains(session.acr), "\(what): \(session.acr)")
    user.sessions.append(session)
    if user.sessions.count > 3 { user.sessions.removeFirst() }
    user.pieces += [session.token, session.refresh, answer.json?["device_token"]?.string].compactMap { $0 }
    if user.pieces.count > 30 { user.pieces.removeFirst(10) }
    counts[what, default: 0] += 1
  }

  func signIn(_ user: WalkedUser) throws {
    let password = chance(80) ? user.password : any(user.pieces) ?? "wrong horse battery"
    guard chance(60) else {
      let answer = try world.auth(#"{"username":"\#(user.name)","password":"\#(password)"}"#, client)
      try refuseTokens(answer, unless: false, "a password alone")
      if let challenge = answer.challenge {
        try require(password == user.password && user.hasFactor, "a challenge for \(password) of \(user), by \(answer)")
        user.challenges.append(challenge)
        let options = answer.json?["webauthn"]
        try require((options == nil) == user.passkeys.isEmpty, "options for \(user.passkeys.count) passkeys")
        if let options { user.passkeyChallenges.append(WalkedOffer(challenge: challenge, options: options)) }
      }
      return
    }
    let (method, code) = answer(of: user)
    let fit = user.fit(method, code, world.clock)
    let body = #"{"username":"\#(user.name)","password":"\#(password)","mfa":{"method":"\#(method)","code":"\#(code)"}}"#
    let answer = try world.auth(body, client)
    try refuseTokens(answer, unless: password == user.password && fit != nil, "one call with \(method) \(code)")
    if answer.status == 200, let fit {
      user.use(fit, code)
      try opened(user, answer, "sign-in")
    }
  }

  func answerChallenge(_ user: WalkedUser) throws {
    guard let challenge = any(user.challenges) ?? any(user.pieces) else { return }
    let (method, code) = answer(of: user)
    let fit = user.fit(method, code, world.clock)
    let answer = try world.answer(challenge, code, method: method, client)
    try refuseTokens(answer, unless: fit != nil && user.challenges.contains(challenge), "a challenge with \(method) \(code)")
    if answer.status == 200, let fit {
      user.use(fit, code)
      user.challenges.removeAll { $0 == challenge }
      try opened(user, answer, "sign-in")
    }
  }
}

extension CredentialWalk {
  fileprivate var wasEverywhere: Bool {
    [
      "sign-in", "enrolment", "confirmation", "removal", "codes", "password", "first factor", "recovery", "passkey", "passkey alone",
      "passkey second", "first passkey", "registration", "address", "proof by passkey",
    ].allSatisfy { counts[$0, default: 0] > 0 }
  }
}

@Suite("No sequence of calls enrols, recovers or signs in without what it takes")
struct CredentialWalkTests {
  /// Steps of one walk: `CREDENTIALFLOW_TEST_STEPS` where somebody has time. Under a sanitizer each takes ten times as long.
  private static let steps =
    getenv("CREDENTIALFLOW_TEST_STEPS").flatMap { Int(String(cString: $0)) }
    ?? (getenv("CREDENTIALFLOW_TEST_SANITIZER") == nil ? 5_000 : 300)

  @Test("a random walk with valid pieces of every state", arguments: [1, 2] as [UInt64])
  func walk(_ seed: UInt64) async throws {
    let settings = World.mail.merging(World.passkeySettings) { $1 }.merging(["registration.enabled": "true"]) { $1 }
    try await World.run(settings) { world in
      let client = try await world.addClient()
      var users: [WalkedUser] = []
      for index in 0..<3 {
        let person = try await world.addMailPerson("walker\(index)@example.com")
        let factors = try await world.application.accounts.factors(of: try #require(Account.ID(person.id)))
        let begun = BegunTOTP(id: "\(try #require(factors.first { $0.method == .totp }).id)", totp: person.totp)
        users.append(WalkedUser(name: person.name, password: person.password, totps: [begun], codes: person.recoveryCodes))
      }
      let invited = WalkedUser(name: "invited", password: Person.password, totps: [], codes: [])
      invited.hasPassword = false
      invited.invitation = try await world.invited("invited")
      let stranger = WalkedUser(name: "stranger@example.com", password: Person.password, totps: [], codes: [])
      (stranger.hasPassword, stranger.isThere) = (false, false)
      let walk = CredentialWalk(world, client, users + [invited, stranger], seed: seed)
      // A walk that gets nowhere would prove nothing: it goes on until it has been everywhere. A short one gets to few places.
      for step in 0..<(Self.steps >= 5_000 ? 4 * Self.steps : Self.steps) where step < Self.steps || !walk.wasEverywhere {
        do {
          try await take(walk)
        } catch let error as World.Unexpected {
          Issue.record("seed \(seed), step \(step): \(error.what)")
          return
        }
      }
      #expect(walk.wasEverywhere || Self.steps < 5_000, "\(walk.counts)")
    }
  }

  private func take(_ walk: CredentialWalk) async throws {
    let user = walk.users[walk.pick(walk.users.count)]
    switch walk.pick(100) {
    case 0..<16: try walk.signIn(user)
    case 16..<22: try walk.answerChallenge(user)
    case 22..<32: try walk.stepUp(user)
    case 32..<40: try walk.stepUpByPasskey(user)
    case 40..<50: try walk.changeFactors(user)
    case 50..<57: try walk.confirm(user)
    case 57..<61: try walk.addPasskey(user)
    case 61..<64: try walk.signInByPasskey(user)
    case 64..<68: try walk.answerByPasskey(user)
    case 68..<72: try await walk.recover(user)
    case 72..<75: try await walk.changeAddress(user)
    case 75..<77: try await walk.invite(user)
    case 77..<79: try await walk.register(user)
    case 79..<84: try walk.accept(user)
    case 84..<89: try walk.enrolFirst(user)
    case 89..<92: try walk.enrolFirstPasskey(user)
    default: try await walk.disturb()
    }
  }
}
