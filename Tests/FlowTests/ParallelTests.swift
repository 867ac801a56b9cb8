import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Parallel use of one code", .serialized)
struct ParallelTests {
  private static let width = 64
  private static let rounds = Rounds.count(20)

  /// Sends the same request on 64 connections before it reads the first answer.
  private func race(_ connections: [Connection], _ path: String, _ client: Client, _ body: String) throws -> [Answer] {
    let bytes = Call.bytes("POST", path, [World.json, client.key], Array(body.utf8))
    for connection in connections { connection.send(bytes) }
    return try connections.map { try $0.answer() }
  }

  private func expectOneWinner(_ answers: [Answer], loserCodes: Set<String>) {
    #expect(answers.count { $0.status == 200 } == 1)
    #expect(answers.count { $0.accessToken != nil } == 1)
    let others = Set(answers.filter { $0.status != 200 }.compactMap(\.code))
    #expect(others.isSubset(of: loserCodes), "\(others)")
  }

  @Test("one TOTP code, one recovery code, one challenge: each opens exactly one session of 64 that ask at once")
  func oneWinner() async throws {
    try await World.run(["limits.loops": "2"]) { world in
      let client = try await world.addClient()
      let connections = try (0..<Self.width).map { _ in try Connection(port: world.port) }
      for round in 0..<Self.rounds {
        let person = try await world.addPerson("user\(round)@example.com")
        let code = person.code(world.clock)
        expectOneWinner(
          try race(connections, "/auth", client, person.oneCall(code)), loserCodes: ["invalid_credentials"])
        expectOneWinner(
          try race(connections, "/auth", client, person.oneCall(person.recoveryCodes[0], method: "recovery_code")),
          loserCodes: ["invalid_credentials"])
        world.clock.advance(by: .seconds(90))
        let challenge = try world.challenge(person, client)
        expectOneWinner(
          try race(
            connections, "/auth/mfa", client,
            #"{"challenge":"\#(challenge)","method":"totp","code":"\#(person.code(world.clock))"}"#),
          loserCodes: ["invalid_challenge", "invalid_challenge_response"])
      }
    }
  }

  @Test("64 wrong answers at once to one challenge get five answers between them")
  func fiveAnswers() async throws {
    try await World.run(["limits.loops": "2"]) { world in
      let client = try await world.addClient()
      let connections = try (0..<Self.width).map { _ in try Connection(port: world.port) }
      let person = try await world.addPerson()
      for _ in 0..<10 {
        let challenge = try world.challenge(person, client)
        let answers = try race(
          connections, "/auth/mfa", client,
          #"{"challenge":"\#(challenge)","method":"totp","code":"\#(person.wrongCode(world.clock))"}"#)
        #expect(answers.count { $0.code == "invalid_challenge_response" } == 5)
        #expect(answers.count { $0.code == "invalid_challenge" } == Self.width - 5)
      }
    }
  }

  @Test("64 wrong passwords at once near the bound: no more than a hundred are ever answered")
  func passwordBound() async throws {
    try await World.run(["limits.loops": "2"]) { world in
      let client = try await world.addClient()
      let connections = try (0..<Self.width).map { _ in try Connection(port: world.port) }
      let person = try await world.addPerson()
      let body = person.body(password: "wrong password")
      let answers = try race(connections, "/auth", client, body) + race(connections, "/auth", client, body)
      #expect(answers.count { $0.code == "invalid_credentials" } == 100)
      #expect(answers.count { $0.code == "too_many_attempts" } == 28)
    }
  }
}
