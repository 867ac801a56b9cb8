/// Reads the DER (X.690) of extensions: one-byte and long tags, definite lengths in as few bytes as they need.
struct DERReader {
  struct Element: Sendable {
    /// Class and form, as the first byte says.
    let form: UInt8
    let number: Int
    let content: ArraySlice<UInt8>

    func `is`(_ tag: UInt8) -> Bool { form | UInt8(truncatingIfNeeded: number) == tag && number < 31 }

    /// A context-specific, constructed element.
    func isContext(_ number: Int) -> Bool { form == 0xA0 && self.number == number }
  }

  static let integer: UInt8 = 0x02
  static let octets: UInt8 = 0x04
  static let identifier: UInt8 = 0x06
  static let sequence: UInt8 = 0x30
  static let set: UInt8 = 0x31

  /// The elements that make up `bytes`, to their end; `nil` for anything else.
  static func elements(_ bytes: ArraySlice<UInt8>) -> [Element]? {
    var rest = bytes
    var elements: [Element] = []
    while !rest.isEmpty {
      guard let element = next(&rest) else { return nil }
      elements.append(element)
    }
    return elements
  }

  /// The elements of the one sequence that is all of `bytes`.
  static func sequence(_ bytes: ArraySlice<UInt8>) -> [Element]? {
    guard let outer = elements(bytes), outer.count == 1, outer[0].is(sequence) else { return nil }
    return elements(outer[0].content)
  }

  private static func next(_ rest: inout ArraySlice<UInt8>) -> Element? {
    guard let first = rest.popFirst() else { return nil }
    var number = Int(first & 31)
    if number == 31 {
      guard let long = longNumber(&rest) else { return nil }
      number = long
    }
    guard let count = length(&rest), count <= rest.count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return Element(form: first & 0xE0, number: number, content: rest.prefix(count))
  }

  private static func longNumber(_ rest: inout ArraySlice<UInt8>) -> Int? {
    var number = 0
    for index in 0..<3 {
      guard let byte = rest.popFirst(), index > 0 || byte != 0x80 else { return nil }
      number = number << 7 | Int(byte & 0x7F)
      if byte < 0x80 { return number < 31 ? nil : number }
    }
    return nil
  }

  private static func length(_ rest: inout ArraySlice<UInt8>) -> Int? {
    guard let first = rest.popFirst() else { return nil }
    guard first >= 0x80 else { return Int(first) }
    let count = Int(first & 0x7F)
    guard (1...3).contains(count), count <= rest.count, rest.first != 0 else { return nil }
    let length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
    rest = rest.dropFirst(count)
    return length < 0x80 ? nil : length
  }
}
