/// Writes compact JSON (RFC 8259) straight into bytes, members in the order in which they are given.
///
///     var json = JSONWriter()
///     json.object {
///       $0.member("status", 401)
///       $0.member("errors") { $0.array(errors) { $0.string($1.detail) } }
///     }
///     send(json.bytes)
package struct JSONWriter {
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false

  package init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

  package mutating func object(_ members: (inout JSONWriter) throws -> Void) rethrows {
    separate()
    bytes.append(UInt8(ascii: "{"))
    needsComma = false
    try members(&self)
    bytes.append(UInt8(ascii: "}"))
    needsComma = true
  }

  package mutating func array<Element>(
    _ elements: some Sequence<Element>, _ write: (inout JSONWriter, Element) throws -> Void
  ) rethrows {
    separate()
    bytes.append(UInt8(ascii: "["))
    needsComma = false
    for element in elements { try write(&self, element) }
    bytes.append(UInt8(ascii: "]"))
    needsComma = true
  }

  package mutating func strings(_ elements: some Sequence<String>) { array(elements) { $0.string($1) } }

  package mutating func string(_ text: String) {
    separate()
    quote(text)
    needsComma = true
  }

  package mutating func integer(_ value: some BinaryInteger) { token(String(value)) }
  package mutating func boolean(_ value: Bool) { token(value ? "true" : "false") }
  package mutating func null() { token("null") }

  /// A value that is JSON already.
  package mutating func raw(_ json: some Sequence<UInt8>) {
    separate()
    bytes.append(contentsOf: json)
    needsComma = true
  }

  package mutating func member(_ name: String, _ write: (inout JSONWriter) throws -> Void) rethrows {
    separate()
    quote(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
    try write(&self)
  }

  package mutating func member(_ name: String, _ value: String) { member(name) { $0.string(value) } }
  package mutating func member(_ name: String, _ value: Bool) { member(name) { $0.boolean(value) } }
  package mutating func member(_ name: String, _ value: some BinaryInteger) { member(name) { $0.integer(value) } }
  package mutating func member(_ name: String, _ values: [String]) { member(name) { $0.strings(values) } }

  /// Nothing where `value` is `nil`.
  package mutating func member(_ name: String, ifPresent value: String?) { if let value { member(name, value) } }

  private mutating func token(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
    needsComma = true
  }

  private mutating func separate() { if needsComma { bytes.append(UInt8(ascii: ",")) } }

  private mutating func quote(_ text: String) {
    var text = text
    bytes.append(UInt8(ascii: "\""))
    text.withUTF8 { utf8 in
      // Whole runs at a time: tokens are long and hold nothing to escape.
      var start = 0
      for (index, byte) in utf8.enumerated() where byte < 32 || byte == 127 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        bytes.append(contentsOf: utf8[start..<index])
        escape(byte)
        start = index + 1
      }
      bytes.append(contentsOf: utf8[start...])
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func escape(_ byte: UInt8) {
    bytes.append(UInt8(ascii: "\\"))
    guard byte < 32 || byte == 127 else { return bytes.append(byte) }
    bytes.append(contentsOf: "u00".utf8)
    bytes.append("0123456789abcdef".utf8[hexDigit: byte >> 4])
    bytes.append("0123456789abcdef".utf8[hexDigit: byte & 15])
  }
}

extension String.UTF8View {
  fileprivate subscript(hexDigit value: UInt8) -> UInt8 { self[index(startIndex, offsetBy: Int(value))] }
}
