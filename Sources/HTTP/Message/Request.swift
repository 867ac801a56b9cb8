package import Primitives

/// A request whose head was accepted: what `admit` and the responders see. Whichever version of HTTP it came by.
package struct Request: Sendable {
  /// `nil` for a token that is no method we know: only routes for any method see those.
  package let method: Method?
  /// As sent.
  package let methodBytes: ArraySlice<UInt8>
  /// As sent, without the query: nothing decoded, nothing normalised.
  package let path: String
  /// What follows the first `?`; `nil` where there is none.
  package let query: String?
  package let headers: Headers
  /// The values of the route's `{…}`, in order, percent-decoded (a trailing `{…*}` as sent).
  package var parameters: [String]
  /// Empty while `admit` runs.
  package var body: [UInt8]
  /// 1–128 characters of `A-Z a-z 0-9 . _ ~ -`.
  package var id: String
  /// Who calls.
  package let client: ClientAddress
  package let receivedAt: Instant

  package init(
    method: Method?, methodBytes: ArraySlice<UInt8>? = nil, path: String, query: String? = nil, headers: Headers = Headers(),
    parameters: [String] = [],
    body: [UInt8] = [], id: String, client: ClientAddress, receivedAt: Instant
  ) {
    self.method = method
    self.methodBytes = methodBytes ?? ArraySlice((method?.rawValue ?? "").utf8)
    self.path = path
    self.query = query
    self.headers = headers
    self.parameters = parameters
    self.body = body
    self.id = id
    self.client = client
    self.receivedAt = receivedAt
  }
}
