import Testing

@testable import Identity

@Suite("The enrolment machine")
struct EnrollmentStateTests {
  typealias Event = EnrollmentState.Event

  static let events: [Event] =
    [false, true].flatMap { has -> [Event] in
      [
        .passwordSet(hasFactor: has), .passwordRight(hasFactor: has), .factorOffered(hasFactor: has),
        .answerRight(.totp, hasFactor: has),
      ]
    } + [.passwordWrong, .passwordLocked, .proofSpent, .unproven, .answerWrong]

  private static func complete() -> EnrollmentState {
    var state = EnrollmentState.firstOffered(attemptsLeft: 1)
    state.handle(.answerRight(.totp, hasFactor: false))
    return state
  }

  static let states: [EnrollmentState] = [
    .invited, .admitted, .firstOffered(attemptsLeft: 5), .firstOffered(attemptsLeft: 1), .requested, .proven, .offered(attemptsLeft: 5),
    .offered(attemptsLeft: 1), complete(), .added, .withdrawn, .refused,
  ]

  /// The arrows of the drawing; every other event refuses, or leaves what has ended as it is.
  static let arrows: [(EnrollmentState, Event, EnrollmentState)] = [
    (.invited, .passwordSet(hasFactor: false), .admitted),
    (.invited, .passwordRight(hasFactor: false), .admitted),
    (.admitted, .factorOffered(hasFactor: false), .firstOffered(attemptsLeft: 5)),
    (.firstOffered(attemptsLeft: 5), .answerRight(.totp, hasFactor: false), complete()),
    (.firstOffered(attemptsLeft: 1), .answerRight(.totp, hasFactor: false), complete()),
    (.firstOffered(attemptsLeft: 5), .answerWrong, .firstOffered(attemptsLeft: 4)),
    (.firstOffered(attemptsLeft: 1), .answerWrong, .withdrawn),
    (.requested, .proofSpent, .proven),
    (.proven, .factorOffered(hasFactor: false), .offered(attemptsLeft: 5)),
    (.proven, .factorOffered(hasFactor: true), .offered(attemptsLeft: 5)),
    (.offered(attemptsLeft: 5), .answerRight(.totp, hasFactor: false), .added),
    (.offered(attemptsLeft: 5), .answerRight(.totp, hasFactor: true), .added),
    (.offered(attemptsLeft: 1), .answerRight(.totp, hasFactor: false), .added),
    (.offered(attemptsLeft: 1), .answerRight(.totp, hasFactor: true), .added),
    (.offered(attemptsLeft: 5), .answerWrong, .offered(attemptsLeft: 4)),
    (.offered(attemptsLeft: 1), .answerWrong, .withdrawn),
  ]

  @Test("every event in every state leads where the drawing says")
  func exhaustive() {
    guard case .complete = Self.complete() else {
      Issue.record("the way to complete is gone")
      return
    }
    for from in Self.states {
      for event in Self.events {
        let arrow = Self.arrows.first { $0.0 == from && $0.1 == event }?.2
        let expected = arrow ?? ([.added, .withdrawn].contains(from) ? from : .refused)
        var state = from
        state.handle(event)
        #expect(state == expected, "\(from) on \(event)")
      }
    }
  }

  @Test("a session opens only over an invitation, its password and a right answer while there is no factor")
  func noOtherWay() {
    var completed = 0
    func walk(_ state: EnrollmentState, _ path: [Event]) {
      if case .complete = state {
        completed += 1
        #expect(path.first == .passwordSet(hasFactor: false) || path.first == .passwordRight(hasFactor: false), "\(path)")
        #expect(path.dropFirst().first == .factorOffered(hasFactor: false) && path.last == .answerRight(.totp, hasFactor: false), "\(path)")
      }
      if case .added = state, path.last != nil { #expect(path.first == .proofSpent, "\(path)") }
      guard path.count < 5, state != .refused, state != .added else { return }
      for event in Self.events {
        var next = state
        next.handle(event)
        walk(next, path + [event])
      }
    }
    walk(.invited, [])
    #expect(completed == 6)
    walk(.requested, [])
    #expect(completed == 6, "a change within a session opened another")
  }
}
