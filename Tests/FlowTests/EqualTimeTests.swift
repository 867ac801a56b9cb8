import Cryptography
import Glibc
import JSON
import Journal
import Persistence
import Primitives
import Testing
import WebAuthn

@testable import CredentialFlow
@testable import Identity

/// What `Scripts/bench equal-time-process` runs: a measurement, off by default, for times say nothing in a suite. Over HTTP
/// `Scripts/bench equal-time` measures the same.
@Suite("Equal time in process", .serialized, .enabled(if: getenv("CREDENTIALFLOW_BENCH") != nil))
struct EqualTimeTests {
  private static let bound = 50.0
  private static let pairs = getenv("BENCH_PAIRS").flatMap { Int(String(cString: $0)) } ?? 10_000

  /// Two calls whose answers must not be told apart.
  private typealias Call = () async throws -> Void

  private func microseconds(_ call: Call) async throws -> Double {
    let start = ContinuousClock.now
    try await call()
    return (ContinuousClock.now - start) / .microseconds(1)
  }

  /// By how much the second of each pair took longer than the first; which of them came first is random. `between` comes before each.
  private func measure(
    _ name: String, between: (Int) async throws -> Void = { _ in }, _ pair: (Int) -> (Call, Call)
  ) async throws {
    var generator = SeededGenerator(state: 42)
    var values: [Double] = []
    for index in 0..<Self.pairs {
      try await between(index)
      let (first, second) = pair(index)
      let isFirstEarly = Bool.random(using: &generator)
      let early = try await microseconds(isFirstEarly ? first : second)
      let late = try await microseconds(isFirstEarly ? second : first)
      values.append(isFirstEarly ? late - early : early - late)
    }
    values.sort()
    // The 95 % interval of the median, by order statistics.
    let half = 0.98 * Double(values.count).squareRoot()
    let low = values[max(0, Int((Double(values.count) / 2 - half).rounded(.down)))]
    let high = values[min(values.count - 1, Int((Double(values.count) / 2 + half).rounded(.up)))]
    print(
      "BENCH {\"bench\": \"equal-time-process\", \"case\": \"\(name)\", \"pairs\": \(values.count),",
      "\"median_us\": \(values[values.count / 2]), \"interval_us\": [\(low), \(high)],",
      "\"required\": {\"interval_us\": [-50, 50]}, \"passed\": \(low > -Self.bound && high < Self.bound)}")
  }

  // The least that a hash may cost: what is looked for are microseconds beside it, and its own time varies by more. That it is the
  // same hash for everybody, `Scripts/bench equal-time` measures at its full cost.
  @Test("unknown user, disabled user and wrong code, each against a wrong password", .timeLimit(.minutes(60)))
  func refusals() async throws {
    try await World.run { world in
      var (known, disabled): ([Person], [String]) = ([], [])
      for index in 0..<60 { known.append(try await world.addPerson("known\(index)@example.com")) }
      for index in 0..<20 {
        disabled.append(try await world.addPerson("disabled\(index)@example.com").name)
        _ = try await world.application.accounts.setEnabled(false, disabled[index], by: World.admin)
      }
      func refused(_ name: String, _ password: String = Person.password, code: String = "000000") -> Call {
        { try await Self.refused(world, name, password, code) }
      }
      // No name gets near a hundred failures in a row.
      let names = known.map(\.name) + disabled
      func unlock(_ index: Int) async throws {
        guard index % 1_000 == 0 else { return }
        for name in names { _ = try await world.application.accounts.unlock(name, by: World.admin) }
      }
      func wrongPassword(_ index: Int) -> Call { refused(known[index % 60].name, "correct horse battery stapl!") }

      try await measure("unknown user", between: unlock) { (wrongPassword($0), refused("nobody\($0)@example.com")) }
      try await measure("disabled user", between: unlock) { (wrongPassword($0), refused(disabled[$0 % 20])) }
      try await measure("wrong code", between: unlock) { index in
        let person = known[index % 60]
        return (wrongPassword(index), refused(person.name, code: person.wrongCode(world.clock)))
      }
    }
  }

  private static let context = SignInContext(
    application: nil, provenance: Provenance(actor: .anonymous, requestID: "bench", address: "127.0.0.1"), userAgent: "bench")

  private static func refused(_ world: World, _ name: String, _ password: String, _ code: String) async throws {
    let request = SignInRequest(
      username: name, password: Secret(copying: password.utf8),
      answer: FactorAnswer(method: .totp, code: Secret(copying: code.utf8)),
      context: context, session: RequestedSession(audience: "https://auth.example.com"))
    let outcome = try await world.application.signIn.begin(request)
    guard case .refused = outcome else { throw World.Unexpected(what: "\(name): \(outcome)") }
  }

  @Test("a passkey alone: unknown credential and disabled user, each against a wrong signature", .timeLimit(.minutes(60)))
  func passkeys() async throws {
    try await World.runWithPasskeys { world in
      let client = try await world.addClient()
      let known = try world.addPasskey(try await world.addPerson(), client)
      let disabled = try await world.addPerson("disabled@example.com")
      let theirs = try world.addPasskey(disabled, client)
      _ = try await world.application.accounts.setEnabled(false, disabled.name, by: World.admin)
      var stranger = known
      stranger.id = try SoftAuthenticator().id
      let signIn = world.application.signIn
      let challenge = try #require(
        OpaqueCredential(parsing: try signIn.beginPasskey(for: nil).challenge, as: .challenge))
      let options = try JSONValue(parsing: Array(#"{"challenge":"\#(Base64URL.encode(PasskeyAnswer.bytes(for: challenge)))"}"#.utf8))

      // A wrong signature uses nothing, so one challenge is good for all of them.
      func refused(_ authenticator: SoftAuthenticator, isTrue: Bool) throws -> Call {
        let response = try AssertionResponse(JSONValue(parsing: Array(try authenticator.assert(options, isTrue: isTrue).utf8)))
        let request = PasskeySignInRequest(
          challenge: challenge, response: response, context: Self.context,
          session: RequestedSession(audience: "https://auth.example.com"))
        return {
          let outcome = try await signIn.answerPasskey(request)
          guard case .refused = outcome else { throw World.Unexpected(what: "\(outcome)") }
        }
      }
      let wrong = try refused(known, isTrue: false)
      let (unknown, closed) = (try refused(stranger, isTrue: false), try refused(theirs, isTrue: true))
      try await measure("unknown passkey") { _ in (wrong, unknown) }
      try await measure("disabled user's passkey") { _ in (wrong, closed) }
    }
  }

  @Test("recovery and registration: names that are written to against names that nobody has", .timeLimit(.minutes(60)))
  func doors() async throws {
    try await World.run(World.mail.merging(["registration.enabled": "true"]) { $1 }) { world in
      for index in 0..<60 { _ = try await world.addMailPerson("known\(index)@example.com") }
      let credentials = world.application.credentials
      // Far enough on that every name may be asked about again; and nobody's mailbox fills.
      func goOn(_ index: Int) async throws {
        guard index % 60 == 0 else { return }
        world.clock.advance(by: .minutes(6))
        try await world.application.database.transaction { db in try db.run("DELETE FROM outbox") }
      }
      func recovery(_ name: String) -> Call {
        {
          let withheld = try await credentials.recovery.start(name)
          guard withheld == nil else { throw World.Unexpected(what: "\(name): \(withheld ?? "")") }
        }
      }
      func registration(_ address: String) -> Call {
        {
          let outcome = try await credentials.registration.start(address, Self.context)
          guard outcome == .accepted(withheld: nil) else { throw World.Unexpected(what: "\(address): \(outcome)") }
        }
      }
      try await measure("recovery of an unknown user", between: goOn) {
        (recovery("known\($0 % 60)@example.com"), recovery("nobody\($0)@example.com"))
      }
      try await measure("registration of an unknown address", between: goOn) {
        (registration("known\($0 % 60)@example.com"), registration("nobody\($0)@example.com"))
      }
    }
  }
}
