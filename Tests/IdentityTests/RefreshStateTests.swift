import Primitives
import Testing

@testable import Identity

@Suite("The refresh machine")
struct RefreshStateTests {
  private static let now = Instant(unixSeconds: 1_800_000_000)
  private static let grace = Duration.seconds(10)

  private enum Kind: CaseIterable {
    case resting, rotatedJustNow, rotatedLongAgo, rotatedAhead, over, ended

    var state: RefreshState {
      switch self {
      case .resting: .resting
      case .rotatedJustNow: .rotated(at: now - .seconds(9))
      case .rotatedLongAgo: .rotated(at: now - .seconds(11))
      case .rotatedAhead: .rotated(at: now + .hours(1))
      case .over: .over
      case .ended: .ended
      }
    }
  }

  /// For each state what each token brings about, in the order of `Presented`: current, predecessor, ancestor, stranger.
  private static let table: [(Kind, [RefreshState.Action])] = [
    (.resting, [.rotate, .endForTheft, .endForTheft, .refuse(.unknown)]),
    (.rotatedJustNow, [.rotate, .repeatSuccessor, .endForTheft, .refuse(.unknown)]),
    (.rotatedLongAgo, [.rotate, .endForTheft, .endForTheft, .refuse(.unknown)]),
    (.rotatedAhead, [.rotate, .endForTheft, .endForTheft, .refuse(.unknown)]),
    (.over, [.refuse(.over), .refuse(.over), .refuse(.over), .refuse(.unknown)]),
    (.ended, [.refuse(.ended), .refuse(.ended), .refuse(.ended), .refuse(.unknown)]),
  ]

  @Test("every token in every state does what the table says, and leaves the state that belongs to it")
  func exhaustive() {
    #expect(Self.table.map(\.0) == Kind.allCases)
    for (kind, row) in Self.table {
      for (presented, expected) in zip(RefreshState.Presented.allCases, row) {
        var state = kind.state
        let action = state.handle(presented, at: Self.now, grace: Self.grace)
        #expect(action == expected, "\(kind) on \(presented)")
        switch action {
        case .rotate: #expect(state == .rotated(at: Self.now))
        case .endForTheft: #expect(state == .ended)
        case .repeatSuccessor, .refuse: #expect(state == kind.state)
        }
      }
    }
  }

  @Test("the grace is its full length, to the microsecond, and a small step of the clock does not close it")
  func bounds() {
    func action(_ age: Duration) -> RefreshState.Action {
      var state = RefreshState.rotated(at: Self.now)
      return state.handle(.predecessor, at: Self.now + age, grace: Self.grace)
    }
    #expect(action(.zero) == .repeatSuccessor)
    #expect(action(.seconds(10)) == .repeatSuccessor)
    #expect(action(.seconds(10) + .microseconds(1)) == .endForTheft)
    #expect(action(.milliseconds(-900)) == .repeatSuccessor)
    #expect(action(.seconds(-2)) == .endForTheft)
    #expect(action(.hours(-1)) == .endForTheft)
  }

  @Test("whatever is presented when, there is never a second successor of one token, and nothing leads out of the end")
  func walks() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      var state = RefreshState.resting
      var at = Self.now
      var hasEnded = false
      for _ in 0..<30 {
        at = at + .seconds(Int64.random(in: -30...30, using: &random))
        let presented = RefreshState.Presented.allCases.randomElement(using: &random) ?? .current
        let action = state.handle(presented, at: at, grace: Self.grace)
        if hasEnded { #expect(action == .refuse(presented == .stranger ? .unknown : .ended)) }
        if action == .rotate { #expect(presented == .current) }
        if action == .repeatSuccessor { #expect(presented == .predecessor) }
        hasEnded = hasEnded || action == .endForTheft
      }
    }
  }
}
