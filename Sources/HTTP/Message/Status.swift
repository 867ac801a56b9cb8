/// A status code (RFC 9110, section 15).
package struct Status: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
  package let rawValue: UInt16

  package init(rawValue: UInt16) { self.rawValue = rawValue }
  package init(integerLiteral value: UInt16) { rawValue = value }

  package static let ok: Status = 200
  package static let created: Status = 201
  package static let accepted: Status = 202
  package static let noContent: Status = 204
  package static let found: Status = 302
  package static let notModified: Status = 304
  package static let badRequest: Status = 400
  package static let unauthorized: Status = 401
  package static let forbidden: Status = 403
  package static let notFound: Status = 404
  package static let methodNotAllowed: Status = 405
  package static let conflict: Status = 409
  package static let payloadTooLarge: Status = 413
  package static let unsupportedMediaType: Status = 415
  package static let tooManyRequests: Status = 429
  package static let internalServerError: Status = 500
  package static let serviceUnavailable: Status = 503

  /// RFC 9112, section 4: no content and no Content-Length may follow.
  package var forbidsContent: Bool { rawValue < 200 || rawValue == 204 || rawValue == 304 }

  /// The reason phrase; empty where we never send the status.
  package var reason: String {
    switch rawValue {
    case 100: "Continue"
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 400...431: Self.clientReason(rawValue)
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 505: "HTTP Version Not Supported"
    default: ""
    }
  }

  private static func clientReason(_ code: UInt16) -> String {
    switch code {
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 411: "Length Required"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 422: "Unprocessable Content"
    case 428: "Precondition Required"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    default: ""
    }
  }
}
