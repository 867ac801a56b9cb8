import JSON
import Testing

@testable import CredentialFlow

extension World {
  static let passkeySettings = ["publicURL": "https://auth.example.com"]

  static func runWithPasskeys(_ more: [String: String] = [:], _ body: (World) async throws -> Void) async throws {
    try await run(passkeySettings.merging(more) { $1 }, body)
  }

  /// Creation options and their challenge, under a proof.
  func passkeyOffer(_ person: Person, _ token: String) throws -> (challenge: String, options: JSONValue) {
    let answer = try asUser("POST", "/auth/factors/webauthn/options", token, #"{"proof":"\#(try proof(person, token))"}"#)
    try #require(answer.status == 201, "\(answer)")
    return (try #require(answer.challenge), try #require(answer.json?["webauthn"]))
  }

  func confirmPasskey(_ challenge: String, _ credential: String, name: String = "key", _ token: String) throws -> Answer {
    try asUser("POST", "/auth/factors/webauthn", token, #"{"challenge":"\#(challenge)","name":"\#(name)","credential":\#(credential)}"#)
  }

  /// Enrols a passkey and returns its authenticator.
  func addPasskey(
    _ person: Person, _ client: Client, name: String = "key", _ change: (inout SoftAuthenticator) -> Void = { _ in }
  ) throws -> SoftAuthenticator {
    var authenticator = try SoftAuthenticator()
    change(&authenticator)
    let token = try signedIn(person, client).token()
    let offer = try passkeyOffer(person, token)
    let answer = try confirmPasskey(offer.challenge, authenticator.register(offer.options), name: name, token)
    try #require(answer.status == 200, "\(answer)")
    return authenticator
  }

  /// A challenge for a sign-in without a password.
  func passkeyRequest(_ client: Client) throws -> (challenge: String, options: JSONValue) {
    let answer = try post("/auth/passkey/options", "{}", client.key)
    try #require(answer.status == 200, "\(answer)")
    return (try #require(answer.challenge), try #require(answer.json?["webauthn"]))
  }

  static func passkeyBody(_ challenge: String, _ credential: String) -> String {
    #"{"challenge":"\#(challenge)","credential":\#(credential)}"#
  }

  /// Both calls of a sign-in by a passkey alone.
  func passkeySignIn(_ authenticator: SoftAuthenticator, _ client: Client) throws -> Answer {
    let request = try passkeyRequest(client)
    return try post("/auth/passkey", Self.passkeyBody(request.challenge, authenticator.assert(request.options)), client.key)
  }

  /// The second call after a right password.
  func answerByPasskey(_ challenge: String, _ credential: String, _ client: Client) throws -> Answer {
    try post("/auth/mfa", #"{"challenge":"\#(challenge)","method":"webauthn","credential":\#(credential)}"#, client.key)
  }
}
