import HTTP
import Identity
import Testing

@testable import API

@Suite("Each gateway's words")
struct DialectTests {
  @Test("every reason has a problem of its name, and each gateway gets only statuses that it understands", arguments: DenialReason.allCases)
  func statuses(_ reason: DenialReason) throws {
    let code = try #require(ProblemCode(rawValue: reason.rawValue))
    let denial = Denial(reason, hasCredential: true, retryAfter: 7)
    for dialect in Dialect.allCases {
      let answer = dialect.answer(denial, requestID: "r")
      let status = Int(answer.status.rawValue)
      switch dialect {
      case .nginx: #expect(status == (reason.isAboutCredential ? 401 : 403) && answer.body.isEmpty)
      case .forward: #expect(answer.status == code.status && [401, 403, 429, 503].contains(status))
      case .envoy: #expect([401, 403, 429].contains(status))
      }
      #expect(answer.header("X-Authz-Reason") == reason.rawValue && answer.header("Retry-After") == "7")
      #expect(answer.header("WWW-Authenticate")?.hasPrefix("Bearer") == true && answer.code == code)
    }
  }

  @Test("what the server refuses by itself is put into each gateway's words")
  func refusals() {
    for (code, reason) in [(ProblemCode.headersTooLarge, "no_rule"), (.payloadTooLarge, "no_rule"), (.internalError, "unavailable")] {
      for dialect in Dialect.allCases {
        let answer = dialect.finished(Problem(code, "x").response(requestID: "r"))
        #expect(answer.header("X-Authz-Reason") == reason)
        if dialect == .nginx { #expect(answer.status == .forbidden && answer.body.isEmpty) }
        if dialect == .envoy { #expect(answer.status.rawValue < 500) }
        if dialect == .forward { #expect(answer.status == code.status) }
      }
    }
  }
}

@Suite("Values used lately")
struct RecentValuesTests {
  @Test("never more than its capacity, what is used stays, what is not goes")
  func bounded() {
    var values = RecentValues<Int, Int>(capacity: 100)
    values.insert(0, for: -1)
    for number in 0..<10_000 {
      values.insert(number, for: number)
      #expect(values.value(for: -1) == 0)
      #expect(values.count <= 101)
    }
    #expect(values.value(for: 9_999) == 9_999 && values.value(for: 9_000) == nil)
    values.remove(-1)
    #expect(values.value(for: -1) == nil)
  }
}
