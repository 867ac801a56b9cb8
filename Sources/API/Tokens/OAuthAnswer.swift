internal import HTTP
internal import JSON
internal import OAuth

extension FormParameters {
  /// Of a request's body; what is no form is `invalid_request`.
  init(of request: Request) throws(OAuthError) {
    do {
      try self.init(request.body)
    } catch {
      throw OAuthError(.invalidRequest, error.detail)
    }
  }
}

extension OAuthError {
  /// RFC 6749, section 5.2.
  var response: Response {
    let status: Status =
      switch code {
      case .invalidClient: .unauthorized
      case .temporarilyUnavailable: .serviceUnavailable
      default: .badRequest
      }
    let headers: [(name: String, value: String)] =
      switch code {
      case .invalidClient: [("WWW-Authenticate", "Basic realm=\"credentialflow\"")]
      case .temporarilyUnavailable: [("Retry-After", "60")]
      default: []
      }
    var response = Response.json(status, headers: headers) { json in
      json.object { json in
        json.member("error", code.rawValue)
        json.member("error_description", detail)
      }
    }
    if code == .invalidClient { response.code = .invalidClient }
    return response
  }
}
