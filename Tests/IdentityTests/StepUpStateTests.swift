import Testing

@testable import Identity

@Suite("The step-up machine")
struct StepUpStateTests {
  /// For each state what each event brings about, in the order of `Event`: right, wrong, locked, proof presented.
  private static let table: [(StepUpState, [(StepUpState.Action, StepUpState)])] = [
    (
      .challenged(attemptsLeft: 5),
      [
        (.giveProof, .proven), (.refuse(attemptsLeft: 4), .challenged(attemptsLeft: 4)),
        (.refuseLocked, .challenged(attemptsLeft: 4)), (.unknown, .challenged(attemptsLeft: 5)),
      ]
    ),
    (
      .challenged(attemptsLeft: 1),
      [
        (.giveProof, .proven), (.refuse(attemptsLeft: 0), .exhausted), (.refuseLocked, .exhausted),
        (.unknown, .challenged(attemptsLeft: 1)),
      ]
    ),
    (.exhausted, Array(repeating: (.unknown, .exhausted), count: 4)),
    (.proven, Array(repeating: (.unknown, .proven), count: 3) + [(.acceptProof, .spent)]),
    (.spent, Array(repeating: (.unknown, .spent), count: 4)),
  ]

  @Test("every event in every state does and leads where the table says")
  func exhaustive() {
    for (from, row) in Self.table {
      for (event, expected) in zip(StepUpState.Event.allCases, row) {
        var state = from
        #expect(state.handle(event) == expected.0, "\(from) on \(event)")
        #expect(state == expected.1, "\(from) on \(event)")
      }
    }
  }

  @Test("whatever the events, a proof is accepted once, only after a right factor, and never after five wrong answers")
  func walks() {
    var accepted = 0
    func walk(_ state: StepUpState, _ path: [StepUpState.Event]) {
      guard path.count < 7 else { return }
      for event in StepUpState.Event.allCases {
        var next = state
        if next.handle(event) == .acceptProof {
          accepted += 1
          #expect(path.contains(.factorRight) && state == .proven)
          let beforeRight = path.prefix { $0 != .factorRight }
          #expect(beforeRight.count { $0 == .factorWrong || $0 == .factorLocked } < 5)
        }
        walk(next, path + [event])
      }
    }
    walk(.challenged(attemptsLeft: StepUpState.mostAttempts), [])
    #expect(accepted > 0)
  }
}
