import Cryptography
import Glibc
import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

/// Numbers that look random and are the same in every run with one seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}

@Suite("No sequence of calls yields a token without both factors")
struct WalkTests {
  /// What the test knows of one user, beside the person: which codes are spent.
  private struct Knowledge {
    let person: Person
    var lastStep: Int64 = -1
    var unusedCodes: [String]
    var usedCodes: [String] = []
    var challenges: [String] = []
    var tokens: [String] = []
    var deviceTokens: [String] = []
    /// While the codes may be locked, a right one can be refused.
    var hasFailures = false
  }

  /// A second factor for a request, and whether the model says that it is right now.
  private struct Factor {
    let method: String
    let code: String
    let isRight: Bool
    var step: Int64?
    var recovery: String?
  }

  private final class Walk {
    let world: World
    let client: Client
    let other: Client
    var generator: SeededGenerator
    var users: [Knowledge]
    var opened = 0

    init(_ world: World, _ client: Client, _ other: Client, _ people: [Person], seed: UInt64) {
      self.world = world
      self.client = client
      self.other = other
      users = people.map { Knowledge(person: $0, unusedCodes: $0.recoveryCodes) }
      generator = SeededGenerator(state: seed)
    }

    func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
    func chance(_ percent: Int) -> Bool { pick(100) < percent }
  }

  private func factor(_ walk: Walk, _ user: Int, of owner: Int) -> Factor {
    let known = walk.users[owner]
    let clock = walk.world.clock
    switch walk.pick(8) {
    case 0, 1, 2:
      let offset = Int64(walk.pick(5)) - 2
      let step = known.person.totp.step(at: clock.now()) + offset
      let isRight = owner == user && abs(offset) <= 1 && step > known.lastStep
      return Factor(method: "totp", code: known.person.code(clock, steps: offset), isRight: isRight, step: step)
    case 3 where !known.unusedCodes.isEmpty:
      let code = known.unusedCodes[walk.pick(known.unusedCodes.count)]
      return Factor(method: "recovery_code", code: code, isRight: owner == user, recovery: code)
    case 4 where !known.usedCodes.isEmpty:
      return Factor(method: "recovery_code", code: known.usedCodes[walk.pick(known.usedCodes.count)], isRight: false)
    case 5: return Factor(method: "recovery_code", code: known.person.code(clock), isRight: false)
    case 6: return Factor(method: "totp", code: known.unusedCodes.first ?? "123456", isRight: false)
    default: return Factor(method: "totp", code: known.person.wrongCode(clock), isRight: false)
    }
  }

  /// Enters a pass into the model. A TOTP code may fit two steps of the window: the earliest unused one is taken.
  private func pass(_ walk: Walk, _ user: Int, _ factor: Factor, _ answer: Answer) {
    walk.opened += 1
    if let code = factor.recovery {
      walk.users[user].unusedCodes.removeAll { $0 == code }
      walk.users[user].usedCodes.append(code)
    } else if let step = factor.step {
      walk.users[user].lastStep = max(walk.users[user].lastStep, step)
    }
    if let token = answer.accessToken { walk.users[user].tokens.append(token) }
    if let device = answer.json?["device_token"]?.string { walk.users[user].deviceTokens.append(device) }
    if walk.users[user].tokens.count > 4 { walk.users[user].tokens.removeFirst() }
    if walk.users[user].deviceTokens.count > 4 { walk.users[user].deviceTokens.removeFirst() }
  }

  private func check(_ answer: Answer, allowed: Bool, _ what: String) throws {
    guard allowed || (answer.status != 200 && answer.accessToken == nil && !answer.text.contains("cfr_")) else {
      throw World.Unexpected(what: "\(what) passed: \(answer)")
    }
  }

  private func signIn(_ walk: Walk) throws {
    let user = walk.pick(walk.users.count)
    let isRightPassword = walk.chance(70)
    let person = walk.users[user].person
    let client = walk.chance(80) ? walk.client : walk.other
    var more = ""
    if walk.chance(30), let device = walk.users[walk.pick(walk.users.count)].deviceTokens.randomElement(using: &walk.generator) {
      more += #","device_token":"\#(device)""#
    }
    if walk.chance(10) { more += #","roles":["held"]"# }
    if walk.chance(5) { more += #","roles":["unheld"]"# }
    let password =
      isRightPassword ? person.password : walk.chance(50) ? "wrong password" : walk.users[(user + 1) % walk.users.count].person.password
    guard walk.chance(60) else {
      let answer = try walk.world.auth(person.body(more, password: password), client)
      try check(answer, allowed: false, "a password alone")
      if let challenge = answer.challenge {
        guard isRightPassword else { throw World.Unexpected(what: "a challenge for a wrong password") }
        walk.users[user].challenges.append(challenge)
        if walk.users[user].challenges.count > 6 { walk.users[user].challenges.removeFirst() }
      }
      return
    }
    let factor = factor(walk, user, of: walk.chance(85) ? user : walk.pick(walk.users.count))
    let mfa = #","mfa":{"method":"\#(factor.method)","code":"\#(factor.code)"}"#
    let answer = try walk.world.auth(person.body(mfa + more, password: password), client)
    try check(answer, allowed: isRightPassword && factor.isRight, "one call with \(factor)")
    if answer.status == 200 { pass(walk, user, factor, answer) }
  }

  private func answerChallenge(_ walk: Walk) throws {
    let user = walk.pick(walk.users.count)
    guard let challenge = walk.users[user].challenges.randomElement(using: &walk.generator) else { return }
    let client = walk.chance(85) ? walk.client : walk.other
    let factor = factor(walk, user, of: walk.chance(80) ? user : walk.pick(walk.users.count))
    let answer = try walk.world.answer(challenge, factor.code, method: factor.method, client)
    try check(answer, allowed: factor.isRight, "a challenge with \(factor)")
    guard answer.status == 200 else { return }
    pass(walk, user, factor, answer)
    walk.users[user].challenges.removeAll { $0 == challenge }
    try check(try walk.world.answer(challenge, factor.code, method: factor.method, client), allowed: false, "a used challenge")
  }

  /// Pieces of one kind where another belongs: tokens as challenges, challenges as tokens, and so on.
  private func misplace(_ walk: Walk) throws {
    let known = walk.users[walk.pick(walk.users.count)]
    let pieces = known.challenges + known.tokens + known.deviceTokens + [walk.client.apiKey, walk.client.secret]
    let piece = pieces[walk.pick(pieces.count)]
    let world = walk.world
    switch walk.pick(5) {
    case 0:
      let isUsersToken = known.tokens.contains(piece)
      let answer = try world.me(piece)
      guard isUsersToken || answer.status == 401 else { throw World.Unexpected(what: "\(piece) opened /auth/me: \(answer)") }
    case 1: try check(try world.answer(piece, known.person.wrongCode(world.clock), walk.client), allowed: false, "a misplaced challenge")
    case 2:
      try check(try world.post("/auth", known.person.body(), ("Authorization", "Bearer \(piece)")), allowed: false, "a misplaced bearer")
    case 3:
      let answer = try world.token("grant_type=client_credentials&client_id=\(walk.other.clientID)&client_secret=\(piece)")
      try check(answer, allowed: false, "a misplaced client secret")
    default:
      let answer = try world.auth(known.person.body(password: piece), walk.client)
      try check(answer, allowed: false, "a misplaced password")
      guard answer.challenge == nil else { throw World.Unexpected(what: "a challenge for \(piece)") }
    }
  }

  /// Time goes on, and the operator does things.
  private func disturb(_ walk: Walk) async throws {
    let user = walk.pick(walk.users.count)
    let accounts = walk.world.application.accounts
    let name = walk.users[user].person.name
    switch walk.pick(6) {
    case 0: walk.world.clock.advance(by: .seconds(Int64(walk.pick(90))))
    case 1: walk.world.clock.advance(by: .seconds(-Int64(walk.pick(40))))
    case 2, 3: _ = try await accounts.unlock(name, by: World.admin)
    case 4:
      _ = try await accounts.setEnabled(false, name, by: World.admin)
      let person = walk.users[user].person
      try check(try walk.world.auth(person.oneCall(person.code(walk.world.clock)), walk.client), allowed: false, "a disabled user")
      for token in walk.users[user].tokens where try walk.world.me(token).status == 200 { throw World.Unexpected(what: "a live session") }
      _ = try await accounts.setEnabled(true, name, by: World.admin)
      walk.users[user].challenges = []
      walk.users[user].tokens = []
    default: _ = try walk.world.bearer(walk.client)
    }
  }

  @Test("a random walk of 20,000 calls with valid pieces of every state", arguments: [1, 2] as [UInt64])
  func walk(_ seed: UInt64) async throws {
    // Under a sanitizer each step takes ten times as long.
    let steps = getenv("CREDENTIALFLOW_TEST_SANITIZER") == nil ? 10_000 : 1_000
    try await World.run { world in
      try await world.addRole("held", "a:read")
      try await world.addRole("unheld", "b:read")
      var people: [Person] = []
      for index in 0..<3 {
        people.append(try await world.addPerson("user\(index)", roles: ["held"], password: "password of user \(index)"))
      }
      let walk = Walk(world, try await world.addClient(), try await world.addClient("other"), people, seed: seed)
      for step in 0..<steps {
        do {
          switch walk.pick(100) {
          case 0..<45: try signIn(walk)
          case 45..<75: try answerChallenge(walk)
          case 75..<88: try misplace(walk)
          default: try await disturb(walk)
          }
        } catch let error as World.Unexpected {
          Issue.record("seed \(seed), step \(step): \(error.what)")
          return
        }
      }
      // A walk that opens nothing would prove nothing.
      #expect(walk.opened > steps / 100, "\(walk.opened)")
    }
  }
}
