import Cryptography
import Identity
import JSON
import Primitives

@testable import CredentialFlow

/// What a user does within a session, by an invitation, and by a recovery.
extension CredentialWalk {
  func stepUp(_ user: WalkedUser) throws {
    guard let session = any(user.sessions) else { return }
    if let challenge = try world.asUser("POST", "/auth/step-up", session.token, "{}").challenge { session.stepUps.append(challenge) }
    guard let challenge = chance(80) ? session.stepUps.last : any(user.pieces + user.challenges) else { return }
    let (method, code) = answer(of: user)
    let fit = user.fit(method, code, world.clock)
    let answer = try world.finish(challenge, code, method: method, session.token)
    guard let proof = answer.json?["proof"]?.string else { return }
    try require(fit != nil && session.stepUps.contains(challenge), "a proof for \(method) \(code)")
    if let token = answer.accessToken { try require(Token(token).claims["acr"]?.string == session.acr, "a step-up changed acr") }
    if let fit { user.use(fit, code) }
    session.proofs.append(proof)
    user.pieces.append(proof)
  }

  /// Mostly a proof that is good, else anything that might pass for one.
  func proof(_ user: WalkedUser, _ session: WalkedSession) -> String? {
    switch pick(6) {
    case 0...3: session.proofs.last
    case 4: any(session.spentProofs + users.flatMap(\.sessions).flatMap(\.proofs))
    default: any(user.pieces)
    }
  }

  func spend(_ proof: String?, _ session: WalkedSession, _ what: String) throws {
    try require(proof.map(session.proofs.contains) ?? false, "\(what) under \(proof ?? "nothing")")
    session.proofs.removeAll { $0 == proof }
    session.spentProofs.append(proof ?? "")
    counts[what, default: 0] += 1
  }

  func changeFactors(_ user: WalkedUser) throws {
    guard let session = any(user.sessions) else { return }
    let proof = proof(user, session)
    switch pick(4) {
    case 0:
      let answer = try world.beginTOTP(session.token, proof: proof)
      guard answer.status == 201 else { return }
      try spend(proof, session, "enrolment")
      session.begun.append(try BegunTOTP(answer))
    case 1:
      guard let ids = try? world.factorIDs(any(["totp", "totp", "webauthn", "recovery_code"]) ?? "", session.token), let id = any(ids)
      else { return }
      let answer = try world.remove(id, proof: proof, session.token)
      guard answer.status == 204 else { return }
      try spend(proof, session, "removal")
      let known = (user.totps.map(\.begun.id), user.passkeys.map(\.id))
      try relearn(user, session)
      let left = try world.asUser("GET", "/auth/factors", session.token).json?["factors"]?.elements ?? []
      let isKept = left.contains { $0["confirmed"]?.boolean == true && $0["method"]?.string != "recovery_code" }
      user.history.append("removed \(id)")
      try require(isKept, "the last factor went: \(id) of \(known), \(left)")
    case 2:
      let answer = try world.asUser("POST", "/auth/factors/recovery-codes", session.token, proof.map { #"{"proof":"\#($0)"}"# } ?? "{}")
      guard let codes = answer.json?["recovery_codes"]?.strings else { return }
      try spend(proof, session, "codes")
      user.spentCodes += user.codes
      user.codes = codes
    default:
      let new = "a password of walker \(pick(1_000_000))"
      let current = chance(80) ? user.password : "wrong horse battery"
      let answer = try world.changePassword(session.token, from: current, to: new, proof: proof)
      guard answer.status == 204 else { return }
      try spend(proof, session, "password")
      try require(current == user.password, "a new password under a wrong one")
      user.pieces.append(user.password)
      user.password = new
      user.challenges = []
      user.endSessions(but: session)
    }
  }

  /// Which of the factors are left after one was removed.
  private func relearn(_ user: WalkedUser, _ session: WalkedSession) throws {
    let totps = try world.factorIDs("totp", session.token)
    user.totps.removeAll { !totps.contains($0.begun.id) }
    session.begun.removeAll { !totps.contains($0.id) }
    let passkeys = try world.factorIDs("webauthn", session.token)
    user.lostPasskeys += user.passkeys.filter { !passkeys.contains($0.id) }
    user.passkeys.removeAll { !passkeys.contains($0.id) }
    if try world.factorIDs("recovery_code", session.token).isEmpty {
      user.spentCodes += user.codes
      user.codes = []
    }
  }

  func confirm(_ user: WalkedUser) throws {
    guard let session = any(user.sessions), let begun = any(session.begun) else { return }
    let owner = chance(90) ? session : any(users.flatMap(\.sessions)) ?? session
    let code = chance(70) ? begun.code(world.clock) : begun.wrongCode(world.clock)
    let answer = try world.confirm(begun.id, code, owner.token)
    try refuseTokens(answer, unless: false, "a confirmation within a session")
    guard answer.status == 200 else { return }
    try require(owner === session && code != begun.wrongCode(world.clock), "a confirmation by another or with a wrong code")
    session.begun.removeAll { $0.id == begun.id }
    user.totps.append((begun, begun.totp.step(at: world.clock.now())))
    user.history.append("confirmed \(begun.id)")
    counts["confirmation", default: 0] += 1
  }

  func invite(_ user: WalkedUser) async throws {
    if chance(20) {
      guard case .issued(let issued) = try await world.application.credentials.invitations.resetFactors(user.name, by: World.admin) else {
        return
      }
      user.invitation = issued.code
      user.totps = []
      user.history.append("reset")
      user.lostPasskeys += user.passkeys
      user.passkeys = []
      user.spentCodes += user.codes
      (user.codes, user.challenges, user.enrollment) = ([], [], nil)
      user.endSessions()
    } else if let code = try await world.invite(user.name).code {
      try require(!user.hasFactor, "an invitation for who has a factor")
      if let old = user.invitation { user.pieces.append(old) }
      (user.invitation, user.enrollment) = (code, nil)
    }
  }

  func accept(_ user: WalkedUser) throws {
    guard let code = chance(85) ? user.invitation : any(user.pieces) else { return }
    let password = chance(80) ? user.password : "wrong horse battery"
    let answer = try world.accept(code, client, password: password)
    try refuseTokens(answer, unless: false, "an acceptance")
    guard let token = answer.json?["enrollment_token"]?.string else { return }
    let isRight = password == user.password || !user.hasPassword
    try require(code == user.invitation && isRight && !user.hasFactor, "an enrolment token for \(code)")
    (user.password, user.hasPassword, user.isThere) = (password, true, true)
    if let old = user.enrollment?.token { user.pieces.append(old) }
    user.enrollment = (token, [])
  }

  func enrolFirst(_ user: WalkedUser) throws {
    guard let token = chance(85) ? user.enrollment?.token : any(user.pieces) else { return }
    if chance(50) || user.enrollment?.begun.isEmpty != false {
      let answer = try world.asUser("POST", "/auth/factors/totp", token)
      guard answer.status == 201 else { return }
      try require(token == user.enrollment?.token && !user.hasFactor, "an enrolment by \(token)")
      user.enrollment?.begun.append(try BegunTOTP(answer))
      return
    }
    guard let begun = any(user.enrollment?.begun ?? []) else { return }
    let code = chance(70) ? begun.code(world.clock) : begun.wrongCode(world.clock)
    let answer = try world.confirm(begun.id, code, token)
    let isEarned = token == user.enrollment?.token && code != begun.wrongCode(world.clock) && !user.hasFactor
    try refuseTokens(answer, unless: isEarned, "a first factor by \(token)")
    guard answer.status == 200 else { return }
    user.history.append("first \(begun.id)")
    user.totps = [(begun, begun.totp.step(at: world.clock.now()))]
    (user.invitation, user.enrollment) = (nil, nil)
    try opened(user, answer, "first factor")
  }

  /// The mailed code, or any other, with an answer that is mostly the user's.
  func recover(_ user: WalkedUser) async throws {
    if chance(40) {
      try require(world.startRecovery(user.name, client).status == 202, "a recovery that answers otherwise")
      guard let code = try await world.lastMail("recovery", to: user.email)?.code, user.recoveryCodes.last != code else { return }
      user.recoveryCodes.append(code)
      user.pieces.append(code)
      return
    }
    guard let code = chance(85) ? user.recoveryCodes.last : any(users.flatMap(\.pieces)) else { return }
    // Whose code it is, is whose account it may open.
    let owner = users.first { $0.recoveryCodes.contains(code) } ?? user
    let (method, answer) = answer(of: owner)
    let fit = owner.fit(method, answer, world.clock)
    let new = "a password of walker \(pick(1_000_000))"
    let done = try world.finishRecovery(code, client, password: new, mfa: answer, method: method)
    try refuseTokens(done, unless: false, "a recovery")
    guard done.status == 204 else { return }
    try require(fit != nil && owner.recoveryCodes.contains(code), "a recovery by \(code) with \(method) \(answer)")
    if let fit { owner.use(fit, answer) }
    owner.password = new
    (owner.challenges, owner.recoveryCodes) = ([], [])
    owner.endSessions()
    counts["recovery", default: 0] += 1
  }

  func disturb() async throws {
    switch pick(8) {
    case 0...4: world.clock.advance(by: .seconds(Int64(pick(90))))
    case 5: world.clock.advance(by: .seconds(-Int64(pick(40))))
    case 6: try await world.prune()
    default: for user in users { _ = try await world.application.accounts.unlock(user.name, by: World.admin) }
    }
  }
}
