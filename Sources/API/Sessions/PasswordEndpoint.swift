internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `POST /auth/password`: a new password, under the present one and a proof.
struct PasswordEndpoint: Endpoint {
  let change: PasswordChange

  struct Input {
    let current: Secret
    let new: Secret
    let proof: String?

    init(_ bytes: [UInt8]) throws {
      let body = try JSONObjectReader(bytes)
      current = try body.password("current")
      new = try body.password("new")
      proof = try body.stringIfPresent("proof")
      try body.finish()
    }
  }

  func respond(to call: Call) async throws -> Response {
    let input = try Input(call.request.body)
    let outcome = try await change.change(
      from: input.current, to: input.new, proof: call.stepUpProof(member: input.proof), try call.live(), by: call.provenance)
    switch outcome {
    case .done: return .empty(.noContent)
    case .unproven: throw Call.unproven()
    case .refused: throw Problem(.invalidCredentials, "The present password is wrong.")
    case .locked(let retry): throw SignInAnswer.locked(retry)
    case .paced(let retry): throw SignInAnswer.paced(retry)
    case .weak(let flaws): throw Problem.weakPassword(flaws, "/new")
    }
  }
}
