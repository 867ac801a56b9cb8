import Glibc
import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

/// Run alone, since parallel load is noise: `CREDENTIALFLOW_TEST_TIMING=1 swift test --filter EqualTime`. `_PAIRS` sets another
/// number of pairs.
@Suite(
  "Equal time", .serialized, .enabled(if: getenv("CREDENTIALFLOW_TEST_TIMING") != nil, "runs alone, with CREDENTIALFLOW_TEST_TIMING=1"))
struct EqualTimeTests {
  /// Seconds by which the second request of each pair took longer than the first.
  private func differences(_ connection: Connection, pairs: Int, _ bodies: (Int) -> ([UInt8], [UInt8])) throws -> [Double] {
    var generator = SeededGenerator(state: 42)
    func time(_ bytes: [UInt8]) throws -> Double {
      let start = ContinuousClock.now
      connection.send(bytes)
      let answer = try connection.answer()
      guard answer.code == "invalid_credentials" else { throw World.Unexpected(what: "\(answer)") }
      return (ContinuousClock.now - start) / .seconds(1)
    }
    return try (0..<pairs).map { index in
      let (first, second) = bodies(index)
      if Bool.random(using: &generator) {
        let early = try time(first)
        return try time(second) - early
      }
      let early = try time(second)
      return early - (try time(first))
    }
  }

  /// The 95 % interval of the median, by order statistics, in seconds.
  private func interval(_ values: [Double]) -> ClosedRange<Double> {
    let sorted = values.sorted()
    let half = 0.98 * Double(sorted.count).squareRoot()
    let low = max(0, Int((Double(sorted.count) / 2 - half).rounded(.down)))
    let high = min(sorted.count - 1, Int((Double(sorted.count) / 2 + half).rounded(.up)))
    return sorted[low]...sorted[high]
  }

  /// Many users, so that no name reaches the bound: 80 failures each at most.
  private func people(_ world: World, _ count: Int) async throws -> (known: [Person], disabled: [Person]) {
    var known: [Person] = []
    var disabled: [Person] = []
    for index in 0...count {
      known.append(try await world.addPerson("known\(index)@example.com"))
      guard index % 4 == 0 else { continue }
      disabled.append(try await world.addPerson("disabled\(index)@example.com"))
      _ = try await world.application.accounts.setEnabled(false, "disabled\(index)@example.com", by: World.admin)
    }
    return (known, disabled)
  }

  @Test(
    "the 95 % interval of the paired median lies inside ±0.5 ms: unknown, disabled, wrong code, no password, each against wrong password")
  func equalTime() async throws {
    let pairs = getenv("CREDENTIALFLOW_TEST_TIMING_PAIRS").flatMap { Int(String(cString: $0)) } ?? 2_000
    try await World.run(["hashing.memoryKiB": "19456", "hashing.iterations": "2"]) { world in
      let client = try await world.addClient()
      let connection = try Connection(port: world.port)
      let (known, disabled) = try await people(world, pairs / 20)
      func bytes(_ body: String) -> [UInt8] { Call.bytes("POST", "/auth", [World.json, client.key], Array(body.utf8)) }
      func wrong(_ index: Int) -> [UInt8] {
        let person = known[index % known.count]
        return bytes(person.oneCall("000000").replacingPassword(of: person, with: "correct horse battery stapl!"))
      }
      let cases: [(String, Int, (Int) -> [UInt8])] = [
        (
          "unknown user", pairs,
          { index in
            bytes(
              #"{"username":"nobod\#(index % known.count)@example.com","password":"correct horse battery staple""#
                + #","mfa":{"method":"totp","code":"000000"}}"#
            )
          }
        ),
        ("disabled user", pairs / 4, { bytes(disabled[$0 % disabled.count].oneCall("000000")) }),
        ("wrong code", pairs / 4, { bytes(known[$0 % known.count].oneCall(known[$0 % known.count].wrongCode(world.clock))) }),
      ]
      for (name, count, other) in cases {
        _ = try differences(connection, pairs: min(20, count)) { (wrong($0), other($0)) }
        let values = try differences(connection, pairs: count) { (wrong($0), other($0)) }
        let range = interval(values)
        let median = values.sorted()[values.count / 2]
        print(
          "equal time, \(name): \(count) pairs, median \(median * 1_000) ms, 95 % \(range.lowerBound * 1_000)...\(range.upperBound * 1_000) ms"
        )
        #expect(range.lowerBound > -0.0005 && range.upperBound < 0.0005, "\(name)")
        for person in known { _ = try await world.application.accounts.unlock(person.name, by: World.admin) }
      }
    }
  }
}

extension String {
  fileprivate func replacingPassword(of person: Person, with other: String) -> String {
    guard let start = firstIndex(of: ",") else { return self }
    return self[..<start] + #","password":"\#(other)""# + self[start...].dropFirst(#","password":"\#(person.password)""#.count)
  }
}
