internal import HTTP
internal import Identity
internal import JSON
internal import Persistence

/// `GET /readyz`: can this process serve? The store answers, and there is a key to sign with.
struct ReadinessEndpoint: Endpoint {
  let database: any Database
  let tokens: AccessTokens

  func respond(to call: Call) async throws -> Response {
    let isStoreReady = (try? await database.read { try $0.run("SELECT 1 AS one") }) != nil
    let isReady = isStoreReady && tokens.canSign
    return .json(isReady ? .ok : .serviceUnavailable) { json in
      json.object { json in
        json.member("status", isReady ? "ready" : "not ready")
        json.member("store", isStoreReady)
        json.member("keys", tokens.canSign)
      }
    }
  }
}
