/// The fields of an answer in the form in which HTTP/2 sends them (RFC 9113, section 8.3.2): names in lower case, `:status` first, no
/// line ends. What is said is what `ResponseEncoder` says, without that of the connection. One list is filled again and again.
package struct FieldList {
  package struct Field {
    package let name: Range<Int>
    package let value: Range<Int>
    /// The value will not come again, and the peer should not keep it (RFC 7541, section 7.1).
    package let isUnique: Bool
  }

  /// Names and values, one after another.
  package private(set) var bytes: [UInt8] = []
  package private(set) var fields: [Field] = []

  package init() {}

  package mutating func fill(_ response: Response, requestID: String, date: DateHeader, isStrict: Bool) {
    begin(response.status)
    add("date", isUnique: false) { $0.append(contentsOf: date.value) }
    add("x-request-id", isUnique: true) { $0.append(contentsOf: requestID.utf8) }
    for (name, value) in Self.defaults where response.headers.isEmpty || response.header(name) == nil {
      add(name, isUnique: false) { $0.append(contentsOf: value.utf8) }
    }
    let strict = ResponseEncoder.strict
    if isStrict, response.header(strict.name) == nil { add(strict.name, strict.value) }
    for (name, value) in response.headers where !ResponseEncoder.isOwn(name) { add(name, value) }
    addLines(response.preparedFields)
    if !response.status.forbidsContent {
      add("content-length", isUnique: false) { ResponseEncoder.appendDecimal(response.body.count, &$0) }
    }
  }

  /// `100 Continue`.
  package mutating func fillContinue() { begin(Status(rawValue: 100)) }

  private static let defaults = ResponseEncoder.defaults.map { ($0.name.lowercased(), $0.value) }

  private mutating func begin(_ status: Status) {
    bytes.removeAll(keepingCapacity: true)
    fields.removeAll(keepingCapacity: true)
    add(":status", isUnique: false) { ResponseEncoder.appendDecimal(Int(status.rawValue), &$0) }
  }

  /// `name` is in lower case.
  private mutating func add(_ name: String, isUnique: Bool, _ value: (inout [UInt8]) -> Void) {
    let start = bytes.count
    bytes.append(contentsOf: name.utf8)
    let middle = bytes.count
    value(&bytes)
    fields.append(Field(name: start..<middle, value: middle..<bytes.count, isUnique: isUnique))
  }

  private mutating func add(_ name: String, _ value: String) {
    guard !name.isEmpty, name.utf8.allSatisfy(ASCII.isTokenByte) else { return }
    let start = bytes.count
    bytes.append(contentsOf: name.utf8)
    let middle = bytes.count
    for index in start..<middle { bytes[index] = ASCII.lowercase(bytes[index]) }
    ResponseEncoder.appendValue(value, &bytes)
    fields.append(Field(name: start..<middle, value: middle..<bytes.count, isUnique: Response.areSame(name, "set-cookie")))
  }

  /// Lines of `Response.preparedFields`, taken apart.
  private mutating func addLines(_ lines: [UInt8]) {
    var start = bytes.count
    bytes.append(contentsOf: lines)
    while let colon = bytes.span.firstIndex(of: UInt8(ascii: ":"), in: start..<bytes.count),
      let end = bytes.span.firstIndex(of: 10, in: colon..<bytes.count)
    {
      for index in start..<colon { bytes[index] = ASCII.lowercase(bytes[index]) }
      fields.append(Field(name: start..<colon, value: bytes.span.trimmed(colon + 1..<end - 1), isUnique: false))
      start = end + 1
    }
  }
}
