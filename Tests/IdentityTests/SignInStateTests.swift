import Testing

@testable import Identity

@Suite("The sign-in machine")
struct SignInStateTests {
  /// A state by name, so that a table can be written down; `complete` is reached only through the machine itself.
  enum Place: String, CaseIterable, Sendable {
    case awaitingPassword, awaitingFactor, challenged, completeByTOTP, completeByRecoveryCode, trusted, refused, locked, enrollmentRequired
  }

  static let events: [SignInState.Event] =
    [false, true].flatMap { factor in [false, true].map { .passwordRight(hasFactor: factor, hasAnswer: $0) } }
    + [
      .passwordWrong, .passwordLocked, .challengeAnswered, .factorRight(.totp), .factorRight(.recoveryCode), .factorWrong, .factorLocked,
      .deviceTrusted,
    ]

  /// The whole machine, written down: for each state what each event leads to, in the order of `events`:
  /// right/no factor/no answer, right/no factor/answer, right/factor/no answer, right/factor/answer, wrong, password locked,
  /// challenge answered, TOTP right, recovery code right, factor wrong, factor locked, device trusted.
  static let table: [(Place, [Place])] = [
    (
      .awaitingPassword,
      [
        .enrollmentRequired, .enrollmentRequired, .challenged, .awaitingFactor, .refused, .locked, .refused, .refused, .refused, .refused,
        .refused, .refused,
      ]
    ),
    (
      .awaitingFactor,
      [
        .refused, .refused, .refused, .refused, .refused, .refused, .refused, .completeByTOTP, .completeByRecoveryCode, .refused, .locked,
        .refused,
      ]
    ),
    (
      .challenged,
      [.refused, .refused, .refused, .refused, .refused, .refused, .awaitingFactor, .refused, .refused, .refused, .refused, .trusted]
    ),
    (.completeByTOTP, Array(repeating: .refused, count: 12)),
    (.completeByRecoveryCode, Array(repeating: .refused, count: 12)),
    (.trusted, Array(repeating: .refused, count: 12)),
    (.refused, Array(repeating: .refused, count: 12)),
    (.locked, Array(repeating: .locked, count: 12)),
    (.enrollmentRequired, Array(repeating: .enrollmentRequired, count: 12)),
  ]

  private func state(_ place: Place) -> SignInState {
    switch place {
    case .awaitingPassword: return .awaitingPassword
    case .awaitingFactor: return .awaitingFactor
    case .challenged: return .challenged
    case .completeByTOTP, .completeByRecoveryCode:
      var state = SignInState.awaitingFactor
      state.handle(.factorRight(place == .completeByTOTP ? .totp : .recoveryCode))
      return state
    case .trusted:
      var state = SignInState.challenged
      state.handle(.deviceTrusted)
      return state
    case .refused: return .refused
    case .locked: return .locked
    case .enrollmentRequired: return .enrollmentRequired
    }
  }

  private func place(_ state: SignInState) -> Place {
    switch state {
    case .awaitingPassword: .awaitingPassword
    case .awaitingFactor: .awaitingFactor
    case .challenged: .challenged
    case .complete(let proof): proof.method == .totp ? .completeByTOTP : .completeByRecoveryCode
    case .trusted: .trusted
    case .refused: .refused
    case .locked: .locked
    case .enrollmentRequired: .enrollmentRequired
    }
  }

  @Test("every event in every state leads where the table says")
  func exhaustive() throws {
    #expect(Self.table.map(\.0) == Place.allCases)
    for (from, row) in Self.table {
      try #require(row.count == Self.events.count)
      for (event, expected) in zip(Self.events, row) {
        var state = state(from)
        state.handle(event)
        #expect(place(state) == expected, "\(from) on \(event)")
      }
    }
  }

  @Test("whatever the events, a sign-in that is complete has passed a right password or a challenge, and a right factor last")
  func noPathAroundTheFactor() {
    var reached = 0
    func walk(_ state: SignInState, _ path: [SignInState.Event]) {
      if case .complete = state {
        reached += 1
        guard case .factorRight = path.last else {
          Issue.record("complete after \(path)")
          return
        }
        let isTwoCalls = path.contains(.challengeAnswered)
        #expect(path.first == .passwordRight(hasFactor: true, hasAnswer: !isTwoCalls), "\(path)")
      }
      guard path.count < 5 else { return }
      for event in Self.events {
        var next = state
        next.handle(event)
        walk(next, path + [event])
      }
    }
    walk(.awaitingPassword, [])
    // Over one call and over two, by either method.
    #expect(reached == 4)
  }

  @Test("a proof says by what it was made: amr and acr as the contract names them")
  func proof() {
    for method in FactorMethod.allCases {
      var state = SignInState.awaitingPassword
      state.handle(.passwordRight(hasFactor: true, hasAnswer: true))
      state.handle(.factorRight(method))
      guard case .complete(let proof) = state else {
        Issue.record("not complete")
        return
      }
      #expect(proof.amr == ["pwd"] + method.amr + ["mfa"] && proof.method == method)
      #expect(proof.acr == (method == .email ? "aal1" : "aal2"))
    }
  }
}
