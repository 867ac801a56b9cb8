package import Primitives

/// Log lines as bytes: one JSON object a line, every control character escaped, so that nothing a client sends can forge a line
/// or drive a terminal. A value: an event loop fills its own and hands many lines over at once (`Log.submit`).
package struct LogLines: Sendable {
  package private(set) var bytes: [UInt8] = []
  package private(set) var count = 0
  /// The time stamp, kept because most lines share it up to the second.
  private var second: Int64 = .min
  private var stamp: [UInt8] = []

  package init() {}

  package var isEmpty: Bool { count == 0 }

  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    count = 0
  }

  package mutating func append(_ other: LogLines) {
    bytes.append(contentsOf: other.bytes)
    count += other.count
  }

  /// One line. `fields` adds members through `field`.
  package mutating func line(_ level: LogLevel, _ event: StaticString, at time: Instant, _ fields: (inout LogLines) -> Void) {
    if bytes.isEmpty { bytes.reserveCapacity(1024) }
    bytes.append(contentsOf: #"{"ts":""#.utf8)
    appendTime(time)
    switch level {
    case .info: bytes.append(contentsOf: #"","level":"info","event":""#.utf8)
    case .warning: bytes.append(contentsOf: #"","level":"warning","event":""#.utf8)
    case .error: bytes.append(contentsOf: #"","level":"error","event":""#.utf8)
    }
    event.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
    fields(&self)
    bytes.append(UInt8(ascii: "}"))
    bytes.append(10)
    count += 1
  }

  package mutating func field(_ name: StaticString, _ value: LogValue) {
    switch value {
    case .string(let text): field(name, utf8: text.utf8)
    case .integer(let number): field(name, number)
    case .number(let number):
      begin(name)
      bytes.append(contentsOf: (number.isFinite ? String(number) : "null").utf8)
    case .boolean(let isTrue):
      begin(name)
      bytes.append(contentsOf: (isTrue ? "true" : "false").utf8)
    }
  }

  package mutating func field(_ name: StaticString, _ number: Int) {
    begin(name)
    appendDecimal(number)
  }

  /// Bytes that are meant to be UTF-8; what is not is repaired.
  package mutating func field(_ name: StaticString, utf8: some Collection<UInt8>) {
    begin(name)
    bytes.append(UInt8(ascii: "\""))
    let isPlain = utf8.withContiguousStorageIfAvailable { text in
      for byte in text where byte < 32 || byte > 126 || byte == 34 || byte == 92 { return false }
      bytes.append(contentsOf: text)
      return true
    }
    if isPlain != true { appendEscaped(String(decoding: utf8, as: UTF8.self)) }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func begin(_ name: StaticString) {
    bytes.append(UInt8(ascii: ","))
    bytes.append(UInt8(ascii: "\""))
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
  }

  private mutating func appendEscaped(_ text: String) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": bytes.append(contentsOf: #"\""#.utf8)
      case "\\": bytes.append(contentsOf: #"\\"#.utf8)
      default:
        // C0, DEL, C1 and the characters that reorder or hide text on a terminal.
        switch scalar.value {
        case 0..<32, 127..<160, 0x200B...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF:
          let digits = String(scalar.value, radix: 16)
          bytes.append(contentsOf: "\\u".utf8)
          bytes.append(contentsOf: repeatElement(48, count: 4 - digits.utf8.count))
          bytes.append(contentsOf: digits.utf8)
        default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
      }
    }
  }

  private mutating func appendTime(_ time: Instant) {
    let seconds = time.unixSeconds
    if seconds != second {
      second = seconds
      stamp = Array(Instant(unixSeconds: seconds).rfc3339().utf8.dropLast()) + ".000000Z".utf8
    }
    // Its six digits of microseconds, before the zone.
    var micros = time.microseconds &- seconds &* 1_000_000
    for place in (stamp.count - 7..<stamp.count - 1).reversed() {
      stamp[place] = UInt8(truncatingIfNeeded: 48 + micros % 10)
      micros /= 10
    }
    bytes.append(contentsOf: stamp)
  }

  private mutating func appendDecimal(_ number: Int) {
    guard number >= 10 || number < 0 else {
      bytes.append(UInt8(48 + number))
      return
    }
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var rest = number.magnitude
      var start = digits.count
      while rest > 0 {
        start -= 1
        digits.initializeElement(at: start, to: UInt8(truncatingIfNeeded: 48 + rest % 10))
        rest /= 10
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
    }
  }
}
