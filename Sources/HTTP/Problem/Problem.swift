package import JSON

/// What a caller sees when a request is refused (RFC 9457, contract section 8). Carries no internal message.
package struct Problem: Error, Sendable {
  package var status: Status
  package var code: ProblemCode
  /// What to fix, in a sentence.
  package var detail: String
  package var headers: [(String, String)]
  /// Bad members of the body, each by JSON pointer (RFC 6901).
  package var errors: [(pointer: String, detail: String)]
  /// Writes further members, such as `challenge`.
  package var members: (@Sendable (inout JSONWriter) -> Void)?

  package init(
    status: Status, code: ProblemCode, detail: String, headers: [(String, String)] = [],
    errors: [(pointer: String, detail: String)] = [], members: (@Sendable (inout JSONWriter) -> Void)? = nil
  ) {
    self.status = status
    self.code = code
    self.detail = detail
    self.headers = headers
    self.errors = errors
    self.members = members
  }

  /// With the status that belongs to the code.
  package init(
    _ code: ProblemCode, _ detail: String, headers: [(String, String)] = [], errors: [(pointer: String, detail: String)] = [],
    members: (@Sendable (inout JSONWriter) -> Void)? = nil
  ) {
    self.init(status: code.status, code: code, detail: detail, headers: headers, errors: errors, members: members)
  }

  package func response(requestID: String) -> Response {
    var json = JSONWriter()
    json.object { json in
      json.member("type", "https://credentialflow.dev/problems/\(code.rawValue)")
      json.member("title", code.title)
      json.member("status", status.rawValue)
      json.member("code", code.rawValue)
      json.member("detail", detail)
      json.member("request_id", requestID)
      if !errors.isEmpty {
        json.member("errors") { json in
          json.array(errors) { json, error in
            json.object { json in
              json.member("pointer", error.pointer)
              json.member("detail", error.detail)
            }
          }
        }
      }
      members?(&json)
    }
    var response = Response(status, headers: [("Content-Type", "application/problem+json")] + headers, body: json.bytes)
    if status == .unauthorized, response.header("WWW-Authenticate") == nil { response.headers.append(("WWW-Authenticate", "Bearer")) }
    response.code = code
    return response
  }
}
