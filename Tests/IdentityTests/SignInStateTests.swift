import Testing

@testable import Identity

@Suite("The sign-in machine")
struct SignInStateTests {
  /// A state by name, so that a table can be written down; `complete` is reached only through the machine itself.
  enum Place: String, CaseIterable, Sendable {
    case awaitingPassword, awaitingFactor, awaitingPasskey, challenged, completeByTOTP, completeByRecoveryCode, completeByPasskey
    case completeByPasskeyAlone, trusted, refused, locked, enrollmentRequired
  }

  static let codeEvents: [SignInState.Event] =
    [false, true].flatMap { factor in [false, true].map { .passwordRight(hasFactor: factor, hasAnswer: $0) } }
    + [
      .passwordWrong, .passwordLocked, .challengeAnswered, .factorRight(.totp), .factorRight(.recoveryCode), .factorWrong, .factorLocked,
      .deviceTrusted,
    ]

  static let passkeyEvents: [SignInState.Event] = [
    .factorRight(.webauthn), .passkeyRight(PasskeyEvidence(isUserVerified: false, isHardware: false)),
    .passkeyRight(PasskeyEvidence(isUserVerified: true, isHardware: false)),
  ]

  static let events = codeEvents + passkeyEvents

  /// The whole machine, written down: for each state what each event leads to, in the order of `events`:
  /// right/no factor/no answer, right/no factor/answer, right/factor/no answer, right/factor/answer, wrong, password locked,
  /// challenge answered, TOTP right, recovery code right, factor wrong, factor locked, device trusted, passkey without evidence, passkey
  /// right without and with its user verified.
  static let table: [(Place, [Place])] = [
    (
      .awaitingPassword,
      [
        .enrollmentRequired, .enrollmentRequired, .challenged, .awaitingFactor, .refused, .locked, .refused, .refused, .refused, .refused,
        .refused, .refused, .refused, .refused, .refused,
      ]
    ),
    (
      .awaitingFactor,
      [
        .refused, .refused, .refused, .refused, .refused, .refused, .refused, .completeByTOTP, .completeByRecoveryCode, .refused, .locked,
        .refused, .refused, .completeByPasskey, .completeByPasskey,
      ]
    ),
    (.awaitingPasskey, Array(repeating: .refused, count: 14) + [.completeByPasskeyAlone]),
    (
      .challenged,
      Array(repeating: .refused, count: 6) + [.awaitingFactor] + Array(repeating: .refused, count: 4) + [.trusted]
        + Array(repeating: .refused, count: 3)
    ),
    (.completeByTOTP, Array(repeating: .refused, count: 15)),
    (.completeByRecoveryCode, Array(repeating: .refused, count: 15)),
    (.completeByPasskey, Array(repeating: .refused, count: 15)),
    (.completeByPasskeyAlone, Array(repeating: .refused, count: 15)),
    (.trusted, Array(repeating: .refused, count: 15)),
    (.refused, Array(repeating: .refused, count: 15)),
    (.locked, Array(repeating: .locked, count: 15)),
    (.enrollmentRequired, Array(repeating: .enrollmentRequired, count: 15)),
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
    case .completeByPasskey, .completeByPasskeyAlone:
      var state: SignInState = place == .completeByPasskey ? .awaitingFactor : .awaitingPasskey
      state.handle(.passkeyRight(PasskeyEvidence(isUserVerified: true, isHardware: false)))
      return state
    case .awaitingPasskey: return .awaitingPasskey
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
    case .awaitingPasskey: .awaitingPasskey
    case .complete(let proof):
      switch proof.method {
      case .totp: .completeByTOTP
      case .webauthn: proof.amr.contains("pwd") ? .completeByPasskey : .completeByPasskeyAlone
      default: .completeByRecoveryCode
      }
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
        switch path.last {
        case .factorRight, .passkeyRight: break
        default: Issue.record("complete after \(path)")
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
    // Over one call and over two, by either code, and by a passkey with its user verified or not.
    #expect(reached == 8)
  }

  @Test("a proof says by what it was made: amr and acr as the contract names them")
  func proof() {
    for method in FactorMethod.allCases where method != .webauthn {
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

  @Test("a passkey's proof: hardware only where it is attested, the user where verified, the password where there was one")
  func passkeyProof() {
    for (isVerified, isHardware, words) in [
      (false, false, ["pop"]), (true, false, ["pop", "user"]), (false, true, ["pop", "hwk"]), (true, true, ["pop", "hwk", "user"]),
    ] {
      let event = SignInState.Event.passkeyRight(PasskeyEvidence(isUserVerified: isVerified, isHardware: isHardware))
      var (beside, alone) = (SignInState.awaitingFactor, SignInState.awaitingPasskey)
      beside.handle(event)
      alone.handle(event)
      guard case .complete(let proof) = beside else {
        Issue.record("not complete")
        return
      }
      #expect(proof.amr == ["pwd"] + words + ["mfa"] && proof.acr == (isHardware ? "aal3" : "aal2"))
      guard case .complete(let single) = alone else {
        #expect(!isVerified && alone == .refused)
        continue
      }
      #expect(isVerified && single.amr == words + ["mfa"] && single.acr == (isHardware ? "aal3" : "aal2"))
    }
  }
}
