internal import CCurl
package import Primitives

/// A request to a service elsewhere.
package struct HTTPSRequest: Sendable {
  package let address: HTTPSAddress
  package let headers: [HTTPSHeader]
  /// `nil` makes it a GET, anything a POST.
  package let body: [UInt8]?
  package let login: Login?

  /// HTTP Basic (RFC 7617).
  package struct Login: Sendable {
    package let user: String
    package let password: Secret

    package init(user: String, password: Secret) {
      self.user = user
      self.password = password
    }
  }

  package init(_ address: HTTPSAddress, headers: [HTTPSHeader] = [], body: [UInt8]? = nil, login: Login? = nil) {
    self.address = address
    self.headers = headers
    self.body = body
    self.login = login
  }
}

/// One header of a request; there is none that holds a line end.
package struct HTTPSHeader: Sendable {
  let name: String
  let value: String

  /// `nil` where the name is no token (RFC 9110, section 5.6.2), or the value holds more than printable ASCII.
  package init?(_ name: String, _ value: String) {
    guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenByte), value.utf8.allSatisfy({ $0 >= 32 && $0 < 127 }) else { return nil }
    self.name = name
    self.value = value
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

package struct HTTPSAnswer: Sendable {
  package let status: Int
  package let body: [UInt8]
}

/// Asks services elsewhere: TLS 1.2 or newer, certificates verified, no redirects, no cookies, nothing from the environment, the
/// answer bounded. Transfers block on lanes of their own.
package struct HTTPSClient: Sendable {
  package let lanes: TransferLanes
  private let limits: TransferLimits
  /// Bytes of an answer's body.
  private let answerLimit: Int

  package init(
    _ name: String, lanes: Int = 1, queue: Int = 16,
    limits: TransferLimits = TransferLimits(connectTimeout: .seconds(5), timeout: .seconds(20), caFile: ""), answerLimit: Int = 65_536
  ) {
    self.lanes = TransferLanes(name, count: lanes, capacity: queue)
    self.limits = limits
    self.answerLimit = answerLimit
  }

  /// Returns whatever status the service gives, redirects too.
  package func send(_ request: HTTPSRequest) async throws(TransferError) -> HTTPSAnswer {
    try await lanes.run { [limits, answerLimit] handle throws(TransferError) in
      Self.prepare(handle, request, limits)
      let ending = try handle.run(body: request.body, isUpload: false, limit: answerLimit)
      guard ending.code == 0 else { throw .failed("\(ending.error) (libcurl \(ending.code))") }
      return HTTPSAnswer(status: ending.status, body: ending.answer)
    }
  }

  private static func prepare(_ handle: TransferHandle, _ request: HTTPSRequest, _ limits: TransferLimits) {
    handle.reset()
    handle.setUp(limits)
    handle.set(CURLOPT_PROTOCOLS_STR, request.address.text.hasPrefix("https:") ? "https" : "http")
    handle.set(CURLOPT_FOLLOWLOCATION, 0)
    handle.set(CURLOPT_URL, request.address.text)
    handle.set(CURLOPT_USERAGENT, "CredentialFlow")
    for header in request.headers { handle.add(CURLOPT_HTTPHEADER, "\(header.name): \(header.value)") }
    // No wait for "100 Continue", which small bodies do not need.
    handle.add(CURLOPT_HTTPHEADER, "Expect:")
    if let login = request.login {
      handle.set(CURLOPT_HTTPAUTH, 1)
      handle.set(CURLOPT_USERNAME, login.user)
      handle.set(CURLOPT_PASSWORD, login.password)
    }
    if request.body == nil { handle.set(CURLOPT_HTTPGET, 1) } else { handle.set(CURLOPT_POST, 1) }
  }
}
