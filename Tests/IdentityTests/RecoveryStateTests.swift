import Testing

@testable import Identity

@Suite("The recovery machine")
struct RecoveryStateTests {
  static let events: [RecoveryState.Event] =
    FactorMethod.allCases.flatMap { method in [false, true].map { .factorRight(method, bySameMailbox: $0) } }
    + [.factorWrong, .factorLocked]

  private static func recovered(_ method: FactorMethod) -> RecoveryState {
    var state = RecoveryState.started(attemptsLeft: 1)
    _ = state.handle(.factorRight(method, bySameMailbox: false))
    return state
  }

  @Test("every event in every state leads where the drawing says")
  func exhaustive() {
    let started = (1...RecoveryState.mostAttempts).map { RecoveryState.started(attemptsLeft: $0) }
    for from in started + [.exhausted] + FactorMethod.allCases.map(Self.recovered) {
      for event in Self.events {
        var state = from
        let action = state.handle(event)
        guard case .started(let left) = from else {
          #expect(state == from && action == .unknown, "\(from) on \(event)")
          continue
        }
        let next = left > 1 ? RecoveryState.started(attemptsLeft: left - 1) : .exhausted
        switch event {
        case .factorRight(let method, bySameMailbox: false):
          #expect(state == Self.recovered(method), "\(from) on \(event)")
          if case .replacePassword(let proof) = action { #expect(proof.method == method) } else { Issue.record("\(from) on \(event)") }
        case .factorRight(_, bySameMailbox: true), .factorWrong: #expect(state == next && action == .refuse(attemptsLeft: left - 1))
        case .factorLocked: #expect(state == next && action == .refuseLocked)
        }
      }
    }
  }

  @Test("no way leads to a new password but a second factor that another mailbox, or none, received; five answers at most")
  func noOtherWay() {
    func walk(_ state: RecoveryState, _ path: [RecoveryState.Event]) {
      if case .recovered = state, let last = path.last {
        guard case .factorRight(_, bySameMailbox: false) = last else {
          Issue.record("recovered after \(path)")
          return
        }
        #expect(path.count <= RecoveryState.mostAttempts)
        return
      }
      guard path.count < 6 else { return }
      for event in [.factorRight(.totp, bySameMailbox: false), .factorRight(.totp, bySameMailbox: true), .factorWrong, .factorLocked]
        as [RecoveryState.Event]
      {
        var next = state
        _ = next.handle(event)
        walk(next, path + [event])
      }
    }
    walk(.started(attemptsLeft: RecoveryState.mostAttempts), [])
  }
}
