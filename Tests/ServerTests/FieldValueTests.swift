import Testing

@testable import HTTP

@Suite("Bytes of a field value")
struct FieldValueTests {
  /// RFC 9110, section 5.5: visible characters, space, tab and obs-text.
  private func isAllowed(_ byte: UInt8) -> Bool { byte == 9 || byte >= 32 && byte != 127 }

  @Test("every byte at every place among others is allowed or refused by itself, however many are looked at at once")
  func everywhere() {
    for length in [1, 7, 8, 9, 16, 23] {
      for position in 0..<length {
        for byte in UInt8.min ... .max {
          for other: UInt8 in [0x41, 0x20, 0x7E, 0x80, 0xFF, 0x09] {
            var bytes = [UInt8](repeating: other, count: length)
            bytes[position] = byte
            #expect(bytes.withUnsafeBytes { ASCII.areAll($0, ASCII.fieldValue) } == isAllowed(byte), "\(byte) at \(position) of \(length)")
          }
        }
      }
    }
  }
}
