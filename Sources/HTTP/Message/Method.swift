/// The request methods that the server knows (RFC 9110, section 9; PATCH: RFC 5789). Any other token is answered 501.
package enum Method: String, Sendable, Hashable, CaseIterable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case patch = "PATCH"
  case delete = "DELETE"
  case options = "OPTIONS"
  case trace = "TRACE"
  case connect = "CONNECT"

  /// Methods are case-sensitive (RFC 9110, section 9.1).
  package init?(_ bytes: some Collection<UInt8>) {
    guard let method = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(bytes) }) else { return nil }
    self = method
  }

  /// Whether a request is expected to carry content, so that a missing length is 411.
  package var carriesContent: Bool { self == .post || self == .put || self == .patch }
}
