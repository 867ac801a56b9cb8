import Glibc
import Identity
import Journal
import Primitives
import Testing

@testable import CredentialFlow

/// What `Scripts/bench equal-time-process` runs: a measurement, off by default, for times say nothing in a suite. Over HTTP
/// `Scripts/bench equal-time` measures the same.
@Suite("Equal time in process", .serialized, .enabled(if: getenv("CREDENTIALFLOW_BENCH") != nil))
struct EqualTimeTests {
  private static let bound = 50.0

  /// Who is refused, and by what.
  private struct Attempt: Sendable {
    let username: String
    var password = Person.password
    var code = "000000"
  }

  private func request(_ attempt: Attempt) -> SignInRequest {
    SignInRequest(
      username: attempt.username, password: Secret(copying: attempt.password.utf8),
      answer: FactorAnswer(method: .totp, code: Secret(copying: attempt.code.utf8)),
      context: SignInContext(
        application: nil, provenance: Provenance(actor: .anonymous, requestID: "bench", address: "127.0.0.1"), userAgent: "bench"),
      roles: nil, audience: "https://auth.example.com", deviceToken: nil, deviceName: "")
  }

  /// Microseconds by which the second of each pair took longer than the first; which of them came first is random.
  private func differences(
    _ world: World, pairs: Int, _ attempts: (Int) -> (Attempt, Attempt)
  ) async throws -> [Double] {
    var generator = SeededGenerator(state: 42)
    func time(_ attempt: Attempt) async throws -> Double {
      let request = request(attempt)
      let start = ContinuousClock.now
      let outcome = try await world.application.signIn.begin(request)
      let took = (ContinuousClock.now - start) / .microseconds(1)
      guard case .refused = outcome else { throw World.Unexpected(what: "\(attempt): \(outcome)") }
      return took
    }
    var found: [Double] = []
    for index in 0..<pairs {
      let (first, second) = attempts(index)
      let isFirstEarly = Bool.random(using: &generator)
      let early = try await time(isFirstEarly ? first : second)
      let late = try await time(isFirstEarly ? second : first)
      found.append(isFirstEarly ? late - early : early - late)
    }
    return found.sorted()
  }

  /// The 95 % interval of the median, by order statistics.
  private func interval(_ sorted: [Double]) -> ClosedRange<Double> {
    let half = 0.98 * Double(sorted.count).squareRoot()
    let low = max(0, Int((Double(sorted.count) / 2 - half).rounded(.down)))
    let high = min(sorted.count - 1, Int((Double(sorted.count) / 2 + half).rounded(.up)))
    return sorted[low]...sorted[high]
  }

  @Test("unknown user, disabled user and wrong code, each against a wrong password", .timeLimit(.minutes(60)))
  func refusals() async throws {
    let pairs = getenv("BENCH_PAIRS").flatMap { Int(String(cString: $0)) } ?? 2_000
    try await World.run(["hashing.memoryKiB": "19456", "hashing.iterations": "2"]) { world in
      var (known, disabled): ([Person], [String]) = ([], [])
      for index in 0..<60 { known.append(try await world.addPerson("known\(index)@example.com")) }
      for index in 0..<20 {
        disabled.append(try await world.addPerson("disabled\(index)@example.com").name)
        _ = try await world.application.accounts.setEnabled(false, disabled[index], by: World.admin)
      }
      let names = known.map(\.name)
      let cases: [(String, (Int) -> Attempt)] = [
        ("unknown user", { Attempt(username: "nobody\($0)@example.com") }),
        ("disabled user", { [disabled] in Attempt(username: disabled[$0 % disabled.count]) }),
        (
          "wrong code", { [known] in Attempt(username: known[$0 % known.count].name, code: known[$0 % known.count].wrongCode(world.clock)) }
        ),
      ]
      for (name, other) in cases {
        var values: [Double] = []
        // In parts, so that no name gets near a hundred failures in a row.
        for part in stride(from: 0, to: pairs, by: 1_000) {
          values += try await differences(world, pairs: min(1_000, pairs - part)) { index in
            (Attempt(username: names[index % names.count], password: "correct horse battery stapl!"), other(part + index))
          }
          for name in names + disabled { _ = try await world.application.accounts.unlock(name, by: World.admin) }
        }
        values.sort()
        let range = interval(values)
        let isInside = range.lowerBound > -Self.bound && range.upperBound < Self.bound
        print(
          "BENCH {\"bench\": \"equal-time-process\", \"case\": \"\(name)\", \"pairs\": \(values.count),",
          "\"median_us\": \(values[values.count / 2]), \"interval_us\": [\(range.lowerBound), \(range.upperBound)],",
          "\"required\": {\"interval_us\": [-50, 50]}, \"passed\": \(isInside)}")
      }
    }
  }
}
