import JSON
import Primitives

@testable import CredentialFlow

/// A passkey that a user has, under the factor's id.
struct WalkedPasskey {
  let id: String
  let authenticator: SoftAuthenticator
}

/// What a browser is given to sign, and for what.
struct WalkedOffer {
  let challenge: String
  let options: JSONValue
}

/// Passkeys, registration and new addresses.
extension CredentialWalk {
  /// A signature by somebody's passkey: mostly the user's and true. `owner` is whose it is where it is true.
  private func signature(_ user: WalkedUser, _ options: JSONValue) throws -> (credential: String, owner: WalkedUser?, id: String)? {
    let signer = chance(80) ? user : users[pick(users.count)]
    guard let passkey = any(signer.passkeys + (chance(10) ? signer.lostPasskeys : [])) else { return nil }
    let isTrue = chance(85)
    let isOwn = chance(90)
    let stranger = users.compactMap { $0.passkeys.first?.authenticator.userHandle }.first { $0 != passkey.authenticator.userHandle }
    let credential = try passkey.authenticator.assert(options, handle: isOwn ? nil : stranger, isTrue: isTrue)
    let isKnown = signer.passkeys.contains { $0.id == passkey.id }
    return (credential, isTrue && isKnown && (isOwn || stranger == nil) ? signer : nil, passkey.id)
  }

  /// Both calls of a sign-in without a password, or the second once more.
  func signInByPasskey(_ user: WalkedUser) throws {
    if chance(15), let (challenge, credential) = any(usedSignatures) {
      let replay = try world.post("/auth/passkey", World.passkeyBody(challenge, credential), client.key)
      return try refuseTokens(replay, unless: false, "a signature that was used")
    }
    let request = try world.passkeyRequest(client)
    let other = chance(10) ? any(users.flatMap(\.passkeyChallenges)) : nil
    guard let (credential, owner, _) = try signature(user, other?.options ?? request.options) else { return }
    let answer = try world.post("/auth/passkey", World.passkeyBody(request.challenge, credential), client.key)
    try refuseTokens(answer, unless: owner != nil && other == nil, "a sign-in by passkey")
    guard answer.status == 200, let owner else { return }
    usedSignatures.append((request.challenge, credential))
    try opened(owner, answer, "passkey alone")
  }

  /// The second call after a password.
  func answerByPasskey(_ user: WalkedUser) throws {
    guard let offer = any(user.passkeyChallenges) else { return }
    let foreign = chance(10) ? any(users.flatMap(\.passkeyChallenges)) : nil
    guard let (credential, owner, _) = try signature(user, (foreign ?? offer).options) else { return }
    let answer = try world.answerByPasskey(offer.challenge, credential, client)
    let isOwn = foreign == nil || foreign?.challenge == offer.challenge
    let isLive = user.challenges.contains(offer.challenge)
    try refuseTokens(answer, unless: owner === user && isOwn && isLive, "a challenge by passkey")
    guard answer.status == 200 else { return }
    user.challenges.removeAll { $0 == offer.challenge }
    user.passkeyChallenges.removeAll { $0.challenge == offer.challenge }
    try opened(user, answer, "passkey second")
  }

  /// A proof by a passkey, for this session's challenge or by a signature for another.
  func stepUpByPasskey(_ user: WalkedUser) throws {
    guard let session = any(user.sessions) else { return }
    let begun = try world.asUser("POST", "/auth/step-up", session.token, "{}")
    guard let challenge = begun.challenge, let options = begun.json?["webauthn"] else { return }
    let foreign = chance(10) ? any(users.flatMap(\.passkeyChallenges)) : nil
    guard let (credential, owner, _) = try signature(user, foreign?.options ?? options) else { return }
    let body = #"{"challenge":"\#(challenge)","method":"webauthn","credential":\#(credential)}"#
    let answer = try world.asUser("POST", "/auth/step-up/finish", session.token, body)
    guard let proof = answer.json?["proof"]?.string else { return }
    try require(owner === user && foreign == nil, "a proof by passkey")
    try require(Token(answer).claims["acr"]?.string == session.acr, "a step-up changed acr")
    session.proofs.append(proof)
    user.pieces.append(proof)
    counts["proof by passkey", default: 0] += 1
  }

  /// Offered under a proof, confirmed in the session that asked.
  func addPasskey(_ user: WalkedUser) throws {
    guard let session = any(user.sessions) else { return }
    if chance(50) || session.offers.isEmpty {
      let proof = proof(user, session)
      let body = proof.map { #"{"proof":"\#($0)"}"# } ?? "{}"
      let answer = try world.asUser("POST", "/auth/factors/webauthn/options", session.token, body)
      guard answer.status == 201, let challenge = answer.challenge, let options = answer.json?["webauthn"] else { return }
      try spend(proof, session, "passkey offer")
      session.offers.append(WalkedOffer(challenge: challenge, options: options))
      return
    }
    guard let offer = session.offers.last else { return }
    let owner = chance(85) ? session : any(users.flatMap(\.sessions)) ?? session
    var authenticator = try SoftAuthenticator()
    let isRight = chance(80)
    if !isRight { authenticator.origin = "https://evil.example.com" }
    let answer = try world.confirmPasskey(offer.challenge, authenticator.register(offer.options), owner.token)
    try refuseTokens(answer, unless: false, "a passkey within a session")
    guard answer.status == 200 else { return }
    try require(owner === session && isRight, "a passkey by another session, or from another origin")
    session.offers.removeAll { $0.challenge == offer.challenge }
    user.history.append("passkey \(answer.json?["id"]?.string ?? "")")
    user.passkeys.append(WalkedPasskey(id: answer.json?["id"]?.string ?? "", authenticator: authenticator))
    counts["passkey", default: 0] += 1
  }

  /// The first factor of an invited user.
  func enrolFirstPasskey(_ user: WalkedUser) throws {
    guard let token = chance(85) ? user.enrollment?.token : any(user.pieces) else { return }
    let offered = try world.asUser("POST", "/auth/factors/webauthn/options", token, "{}")
    guard offered.status == 201, let challenge = offered.challenge, let options = offered.json?["webauthn"] else { return }
    try require(token == user.enrollment?.token && !user.hasFactor, "a first passkey by \(token)")
    var authenticator = try SoftAuthenticator()
    let isRight = chance(80)
    if !isRight { authenticator.party = "evil.example.com" }
    let answer = try world.confirmPasskey(challenge, authenticator.register(options), token)
    try refuseTokens(answer, unless: isRight, "a first passkey")
    guard answer.status == 200, let id = try firstPasskey(answer) else { return }
    user.history.append("first passkey \(id)")
    user.passkeys = [WalkedPasskey(id: id, authenticator: authenticator)]
    (user.invitation, user.enrollment) = (nil, nil)
    try opened(user, answer, "first passkey")
  }

  /// The one that counts: others were offered and wait for nothing.
  private func firstPasskey(_ answer: Answer) throws -> String? {
    let factors = try world.asUser("GET", "/auth/factors", answer.token()).json?["factors"]?.elements ?? []
    return factors.first { $0["method"]?.string == "webauthn" && $0["confirmed"]?.boolean == true }?["id"]?.string
  }

  /// Who has no account asks for one; who has one is told nothing but by mail.
  func register(_ user: WalkedUser) async throws {
    guard user.email.contains("@") else { return }
    try require(world.register(user.email, client).status == 202, "a registration that answers otherwise")
    guard let code = try await world.lastMail("registration", to: user.email)?.code, !user.seenRegistrations.contains(code) else { return }
    try require(!user.isThere, "a code for an address that has an account")
    user.seenRegistrations.append(code)
    user.pieces.append(code)
    user.invitation = code
    counts["registration", default: 0] += 1
  }

  /// A new address counts when its code came back, in a session of the user's.
  func changeAddress(_ user: WalkedUser) async throws {
    guard let session = any(user.sessions) else { return }
    if let change = user.addressChange, chance(60) {
      let owner = chance(85) ? session : any(users.flatMap(\.sessions)) ?? session
      let isOwn = user.sessions.contains { $0 === owner }
      let code = chance(80) ? change.code : "00000000"
      guard try world.confirmAddress(code, owner.token).status == 204 else { return }
      try require(isOwn && code == change.code, "a new address by \(code)")
      (user.email, user.addressChange) = (change.address, nil)
      counts["address", default: 0] += 1
      return
    }
    let address = "walker\(pick(1_000_000))@example.org"
    let proof = proof(user, session)
    let password = chance(80) ? user.password : "wrong horse battery"
    let changed = try world.changeAddress("email", address, session.token, current: password, proof: proof)
    guard changed.status == 202 else { return }
    try require(password == user.password, "an address change without the password")
    try spend(proof, session, "address offer")
    // Nothing is written to who was written to just now.
    user.addressChange = try await world.mails().last { $0.recipient == address }.map { (address, $0.code) }
  }
}
