internal import HTTP

/// An endpoint that is one function of a resource: things that are read, made, changed and deleted stand in one file with what
/// they look like.
struct Action: Endpoint {
  let function: @Sendable (Call) async throws -> Response

  func respond(to call: Call) async throws -> Response { try await function(call) }
}
