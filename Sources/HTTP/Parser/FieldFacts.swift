/// What the fields of one head say about framing, routing and the connection; filled line by line.
struct FieldFacts {
  private(set) var host: Range<Int>?
  private(set) var length: Int?
  private(set) var isChunked = false
  private(set) var isClose = false
  private(set) var isKeepAlive = false
  private(set) var expectsContinue = false

  /// Checks one field line, `CR LF` not included, and says where its name and value stand.
  mutating func take(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(RequestError) -> Headers.Span {
    let (name, value) = try Self.split(bytes, line)
    try note(bytes, name, value)
    return Headers.Span(
      name: UInt32(name.lowerBound)..<UInt32(name.upperBound), value: UInt32(value.lowerBound)..<UInt32(value.upperBound))
  }

  /// RFC 9112, section 5: a token, a colon at once, a value; white space around the value is not part of it.
  static func split(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(RequestError) -> (name: Range<Int>, value: Range<Int>) {
    if ASCII.isSpace(bytes[line.lowerBound]) { throw .foldedField }
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":"), in: line) else { throw .missingColon }
    let name = line.lowerBound..<colon
    guard !name.isEmpty else { throw .badFieldName }
    guard bytes.areAll(in: name, ASCII.token) else { throw ASCII.isSpace(bytes[colon - 1]) ? .spaceBeforeColon : .badFieldName }
    let rest = colon + 1..<line.upperBound
    guard bytes.areAll(in: rest, ASCII.fieldValue) else { throw .badFieldValue }
    return (name, bytes.trimmed(rest))
  }

  /// What a field says, whose name and value are made of the right bytes.
  mutating func note(_ bytes: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>) throws(RequestError) {
    switch name.count {
    case 4 where bytes.equalsFolded("host", in: name):
      guard host == nil else { throw .repeatedHost }
      guard HostName.isValid(bytes, value) else { throw .badHost }
      host = value
    case 6 where bytes.equalsFolded("expect", in: name):
      guard bytes.equalsFolded("100-continue", in: value) else { throw .unknownExpectation }
      expectsContinue = true
    case 10 where bytes.equalsFolded("connection", in: name): noteConnection(bytes, value)
    case 14 where bytes.equalsFolded("content-length", in: name):
      guard length == nil else { throw .repeatedLength }
      length = try Self.decimal(bytes, value)
      if isChunked { throw .lengthWithEncoding }
    case 17 where bytes.equalsFolded("transfer-encoding", in: name):
      guard !isChunked, bytes.equalsFolded("chunked", in: value) else { throw .badTransferEncoding }
      isChunked = true
      if length != nil { throw .lengthWithEncoding }
    default:
      if ShadowingName.isOne(bytes, name) { throw .shadowingName }
    }
  }

  private mutating func noteConnection(_ bytes: Span<UInt8>, _ value: Range<Int>) {
    var start = value.lowerBound
    while start < value.upperBound {
      let end = bytes.firstIndex(of: UInt8(ascii: ","), in: start..<value.upperBound) ?? value.upperBound
      let option = bytes.trimmed(start..<end)
      if bytes.equalsFolded("close", in: option) { isClose = true }
      if bytes.equalsFolded("keep-alive", in: option) { isKeepAlive = true }
      start = end + 1
    }
  }

  /// Digits only: no sign, no list, no white space; at most 18, so that it always fits.
  private static func decimal(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(RequestError) -> Int {
    guard !value.isEmpty, value.count <= 18 else { throw .badLength }
    var number = 0
    for index in value {
      guard ASCII.isDigit(bytes[index]) else { throw .badLength }
      number = number * 10 + Int(bytes[index] - 48)
    }
    return number
  }
}

/// Names that differ from one of ours only by underscores: a gateway that maps both forms to one variable would let a client
/// speak as the gateway.
enum ShadowingName {
  private static let names = [
    "host", "connection", "content-length", "content-type", "transfer-encoding", "authorization", "proxy-authorization", "forwarded",
    "expect", "cookie", "if-match", "if-none-match", "user-agent", "true-client-ip", "client-ip",
  ]
  private static let prefixes = ["x-", "cf-"]

  static func isOne(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
    guard bytes.firstIndex(of: UInt8(ascii: "_"), in: name) != nil else { return false }
    return names.contains { bytes.equalsHyphenated($0, in: name) }
      || prefixes.contains { bytes.equalsHyphenated($0, in: name.prefix($0.utf8.count)) }
  }
}
