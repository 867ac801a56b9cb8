/// Writes answers as bytes (RFC 9112, sections 4 to 6), with the headers that every answer has.
package enum ResponseEncoder {
  package static let continueLine = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

  /// How the answer stands to its request and its connection.
  package struct Context {
    package let requestID: String
    /// An answer to HEAD says the length of a body that it does not send.
    package let isHead: Bool
    /// `false` announces that the connection closes.
    package let isPersistent: Bool
    /// HTTP/1.0 clients have to be told that the connection stays.
    package let announcesPersistence: Bool
    /// Browsers are to come by https only, for a year (RFC 6797).
    package let isStrict: Bool

    package init(requestID: String, isHead: Bool, isPersistent: Bool, announcesPersistence: Bool, isStrict: Bool = false) {
      self.requestID = requestID
      self.isHead = isHead
      self.isPersistent = isPersistent
      self.announcesPersistence = announcesPersistence
      self.isStrict = isStrict
    }
  }

  /// What every answer says unless it says otherwise itself.
  static let defaults: [(name: String, value: String, line: [UInt8])] = [
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
  ].map { ($0, $1, Array("\($0): \($1)\r\n".utf8)) }

  private static let allDefaults = defaults.flatMap(\.line)
  static let strict = (name: "Strict-Transport-Security", value: "max-age=31536000")
  private static let strictLine = Array("\(strict.name): \(strict.value)\r\n".utf8)

  /// Names that only the server may set, because they frame the message or name the request.
  private static let ownNames = ["date", "content-length", "transfer-encoding", "connection", "x-request-id", "server"]

  package static func encode(_ response: Response, _ context: Context, date: DateHeader, into output: inout [UInt8]) {
    appendStatusLine(response.status, &output)
    output.append(contentsOf: date.line)
    output.append(contentsOf: "X-Request-ID: ".utf8)
    output.append(contentsOf: context.requestID.utf8)
    appendLineEnd(&output)
    appendDefaults(response, &output)
    if context.isStrict, response.header(strict.name) == nil { output.append(contentsOf: strictLine) }
    for (name, value) in response.headers where !isOwn(name) { append(name, value, &output) }
    output.append(contentsOf: response.preparedFields)
    if !response.status.forbidsContent {
      output.append(contentsOf: "Content-Length: ".utf8)
      appendDecimal(response.body.count, &output)
      appendLineEnd(&output)
    }
    if !context.isPersistent {
      output.append(contentsOf: "Connection: close\r\n".utf8)
    } else if context.announcesPersistence {
      output.append(contentsOf: "Connection: keep-alive\r\n".utf8)
    }
    appendLineEnd(&output)
    if !context.isHead, !response.status.forbidsContent { output.append(contentsOf: response.body) }
  }

  private static func appendStatusLine(_ status: Status, _ output: inout [UInt8]) {
    if status == .ok { return output.append(contentsOf: "HTTP/1.1 200 OK\r\n".utf8) }
    output.append(contentsOf: "HTTP/1.1 ".utf8)
    appendDecimal(Int(status.rawValue), &output)
    output.append(32)
    output.append(contentsOf: status.reason.utf8)
    appendLineEnd(&output)
  }

  private static func appendDefaults(_ response: Response, _ output: inout [UInt8]) {
    let hasOwn = response.headers.contains { header in defaults.contains { Response.areSame($0.name, header.name) } }
    guard hasOwn else { return output.append(contentsOf: allDefaults) }
    for (name, _, line) in defaults where response.header(name) == nil { output.append(contentsOf: line) }
  }

  static func isOwn(_ name: String) -> Bool { ownNames.contains { Response.areSame($0, name) } }

  /// A control character in a value would let one header become two; it becomes a space. A name that is no token is left out.
  private static func append(_ name: String, _ value: String, _ output: inout [UInt8]) {
    guard !name.isEmpty, name.utf8.allSatisfy(ASCII.isTokenByte) else { return }
    output.append(contentsOf: name.utf8)
    output.append(UInt8(ascii: ":"))
    output.append(32)
    appendValue(value, &output)
    appendLineEnd(&output)
  }

  static func appendValue(_ value: String, _ output: inout [UInt8]) {
    let start = output.count
    output.append(contentsOf: value.utf8)
    for index in start..<output.count where output[index] < 32 || output[index] == 127 { output[index] = 32 }
  }

  private static func appendLineEnd(_ output: inout [UInt8]) {
    output.append(13)
    output.append(10)
  }

  static func appendDecimal(_ number: Int, _ output: inout [UInt8]) {
    guard number > 9 else { return output.append(UInt8(48 + number)) }
    let start = output.count
    var rest = number
    while rest > 0 {
      output.append(UInt8(48 + rest % 10))
      rest /= 10
    }
    output[start...].reverse()
  }
}
