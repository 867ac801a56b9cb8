import Cryptography
import Dispatch
import Identity
import JSON
import Persistence
import Primitives
import Synchronization
import Testing
import Tokens

@testable import CredentialFlow

@Suite("New signing keys")
struct KeyRotationTests {
  private static let lead = Duration.hours(24)

  private func kid(_ token: String) throws -> String { try #require(try Token(token).header["kid"]?.string) }

  private func published(_ world: World) throws -> [String] {
    let set = try world.call("GET", "/.well-known/jwks.json").json
    return (set?["keys"]?.elements ?? []).compactMap { $0["kid"]?.string }
  }

  private func rotate(_ world: World, isImmediate: Bool) async throws {
    let outcome = try await world.application.keyRotation.rotate([.es256], isImmediate: isImmediate, by: World.admin)
    #expect(outcome == .done)
  }

  private func record(_ world: World, _ kid: String) async throws -> SigningKeyRecord? { try await world.application.signingKeys.key(kid) }

  /// Whether the API takes an application's token as the caller.
  private func isTaken(_ world: World, _ token: (String, String)) throws -> Bool {
    try world.call("POST", "/auth", [World.json, token], Array("{}".utf8)).code == "invalid_request"
  }

  @Test("a successor is shown at once, signs after the lead, and the old key verifies until all it signed has ended")
  func staged() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let first = try kid(world.bearer(client).1.split(separator: " ").last.map(String.init) ?? "")
      try await rotate(world, isImmediate: false)
      let shown = try published(world)
      #expect(shown.count == SigningAlgorithm.allCases.count + 1)
      // Whoever asks again gets no second successor.
      #expect(try await world.application.keyRotation.rotate([.es256], isImmediate: false, by: World.admin) == .nothingToDo)
      let old = try world.bearer(client)
      #expect(try Token(String(old.1.dropFirst(7))).header["kid"]?.string == first)
      world.clock.advance(by: Self.lead - .seconds(1))
      try await world.application.keyRotation.advance()
      let last = try world.bearer(client)
      #expect(try kid(String(last.1.dropFirst(7))) == first)
      world.clock.advance(by: .seconds(1))
      try await world.application.keyRotation.advance()
      let new = try world.bearer(client)
      let second = try kid(String(new.1.dropFirst(7)))
      #expect(second != first && shown.contains(second))
      #expect(try isTaken(world, last) && isTaken(world, new))
      #expect(try await record(world, first)?.stage == .retiring)
      world.clock.advance(by: .seconds(598))
      try await world.application.keyRotation.advance()
      #expect(try isTaken(world, last))
      world.clock.advance(by: .seconds(63))
      try await world.application.keyRotation.advance()
      #expect(try await record(world, first)?.stage == .gone)
      #expect(try published(world).contains(first) == false)
      let actions = try await AuditLogReader.actions(world)
      #expect(["key.published", "key.activated", "key.retired", "key.gone"].allSatisfy(actions.contains))
    }
  }

  @Test("a revoked key's tokens are refused at the next request, and another key signs at once")
  func revoked() async throws {
    try await World.run { world in
      let person = try await world.addPerson()
      let client = try await world.addClient()
      let bearer = try world.bearer(client)
      let token = try world.signedIn(person, client).token()
      let old = try kid(token)
      #expect(try await world.application.keyRotation.revoke(old, by: World.admin) == .done)
      #expect(try world.me(token).code == "invalid_token")
      #expect(try isTaken(world, bearer) == false)
      #expect(try published(world).contains(old) == false)
      let next = try world.signedIn(person, client).token()
      #expect(try kid(next) != old)
      #expect(try world.me(next).status == 200)
      #expect(try await world.application.keyRotation.revoke(old, by: World.admin) == .nothingToDo)
      #expect(try await world.application.keyRotation.revoke("unknown", by: World.admin) == nil)
      #expect(try await AuditLogReader.actions(world).contains("key.revoked"))
      let rows = try await world.application.database.read { db in
        try db.rows("SELECT private_key FROM signing_key WHERE state = 'gone'").map { try $0.bytes("private_key") }
      }
      #expect(rows == [[]], "the private half is deleted")
    }
  }

  @Test("a restart in every stage goes on where it was, a master key's rotation included")
  func restart() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let first = try kid(String(world.bearer(client).1.dropFirst(7)))
      try await rotate(world, isImmediate: false)
      await world.close()
      func reopened(_ body: (CredentialFlow.Application) async throws -> Void) async throws {
        let application = try await CredentialFlow.Application.open(
          world.installation, configuration: try world.installation.load().configuration, now: world.clock.now)
        do { try await body(application) } catch {
          await application.close()
          throw error
        }
        await application.close()
      }
      func stages(_ application: CredentialFlow.Application) -> [String] {
        application.tokens.keySet.entries.filter { $0.key.algorithm == .es256 }.map { "\($0.id == first ? "old" : "new") \($0.state)" }
          .sorted()
      }
      try await reopened { #expect(stages($0) == ["new published", "old active"]) }
      // The start itself takes the step that became due.
      world.clock.advance(by: Self.lead)
      try await reopened { #expect(stages($0) == ["new active", "old retiring"]) }
      world.clock.advance(by: .hours(-1))
      try await reopened { application in
        #expect(stages(application) == ["new active", "old retiring"])
        _ = try await application.rotateMasterKey(by: World.admin)
      }
      world.clock.advance(by: .hours(2))
      try await reopened { application in
        #expect(stages(application) == ["new active"])
        _ = try await application.rotateMasterKey(by: World.admin)
      }
    }
  }

  @Test("a clock that is stepped back takes no key away")
  func clockBack() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let before = try world.bearer(client)
      world.clock.advance(by: .hours(-1))
      try await rotate(world, isImmediate: true)
      try await world.application.keyRotation.advance()
      let meanwhile = try world.bearer(client)
      #expect(try isTaken(world, meanwhile))
      // When the clock is right again, what was signed before the step is still good.
      world.clock.advance(by: .hours(1))
      try await world.application.keyRotation.advance()
      #expect(try isTaken(world, before))
    }
  }

  @Test("no request fails while keys rotate at once fifty times")
  func underLoad() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let rotation = world.application.keyRotation
      let load = Load(port: world.port, client: client)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<3 { group.addTask { try await load.run() } }
        for _ in 0..<50 { #expect(try await rotation.rotate([.es256], isImmediate: true, by: World.admin) == .done) }
        load.isOver.store(true, ordering: .relaxed)
        try await group.waitForAll()
      }
      let failures = load.failures.withLock { $0 }
      #expect(failures.isEmpty, "\(failures.prefix(3))")
      #expect(load.rounds.load(ordering: .relaxed) > 3)
      #expect(try published(world).count == SigningAlgorithm.allCases.count + 50)
    }
  }

  @Test("an application's algorithm and typ count from its next token on")
  func perApplication() async throws {
    try await World.run { world in
      let client = try await world.addClient()
      let before = try world.bearer(client)
      let change = Applications.Change(algorithm: .rs256, tokenType: .jwt)
      #expect(try await world.application.applications.change("gateway", change, by: World.admin))
      let after = try world.bearer(client)
      let header = try Token(String(after.1.dropFirst(7))).header
      #expect(header["alg"]?.string == "RS256" && header["typ"]?.string == "JWT")
      #expect(try isTaken(world, before) && isTaken(world, after))
    }
  }
}

/// Applications that get tokens and use them, until they are told to stop.
private final class Load: Sendable {
  let isOver = Atomic(false)
  let rounds = Atomic(0)
  let failures = Mutex<[String]>([])
  private let port: UInt16
  private let client: Client

  init(port: UInt16, client: Client) {
    self.port = port
    self.client = client
  }

  /// Blocking sockets, on a thread of their own: the pool's are few.
  func run() async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      DispatchQueue(label: "client").async { [self] in continuation.resume(with: Result { try work() }) }
    }
  }

  private func work() throws {
    let connection = try Connection(port: port)
    var held: [String] = []
    while !isOver.load(ordering: .relaxed) {
      let answer = try call(connection, "/oauth/token", [World.formType, client.basic], "grant_type=client_credentials")
      if let token = answer.accessToken { held.append(token) } else { failures.withLock { $0.append("\(answer)") } }
      // The newest, and one of those before: a key that retires is as good.
      for token in [held.last, held.randomElement()].compactMap({ $0 }) {
        let answer = try call(connection, "/auth", [World.json, ("Authorization", "Bearer \(token)")], "{}")
        if answer.code != "invalid_request" { failures.withLock { $0.append("\(answer)") } }
      }
      rounds.add(1, ordering: .relaxed)
    }
  }

  private func call(_ connection: Connection, _ path: String, _ headers: [(String, String)], _ body: String) throws -> Answer {
    connection.send(Call.bytes("POST", path, headers, Array(body.utf8)))
    return try connection.answer()
  }
}
