/// The two forms of an ECDSA signature on P-256: JOSE writes r and s as 32 bytes each (RFC 7518, section 3.4), OpenSSL as DER.
enum ECDSASignature {
  static let joseCount = 64

  private static let numberCount = 32
  private static let sequenceTag: UInt8 = 0x30
  private static let integerTag: UInt8 = 0x02

  /// `nil` unless there are exactly 64 bytes. Whether r and s are in range is for OpenSSL to say.
  static func der(_ jose: ArraySlice<UInt8>) -> [UInt8]? {
    guard jose.count == joseCount else { return nil }
    var der: [UInt8] = [sequenceTag, 0]
    der.reserveCapacity(72)
    append(jose.prefix(numberCount), to: &der)
    append(jose.suffix(numberCount), to: &der)
    der[1] = UInt8(der.count - 2)
    return der
  }

  /// `nil` for anything but a sequence of two integers that fit.
  static func jose(_ der: ArraySlice<UInt8>) -> [UInt8]? {
    var rest = der
    guard rest.popFirst() == sequenceTag, let count = rest.popFirst(), Int(count) == rest.count else { return nil }
    guard let r = popNumber(&rest), let s = popNumber(&rest), rest.isEmpty else { return nil }
    return r + s
  }

  /// An integer in as few bytes as its sign allows.
  private static func append(_ number: ArraySlice<UInt8>, to der: inout [UInt8]) {
    var digits = number
    while digits.count > 1, digits.first == 0 { digits.removeFirst() }
    let needsSign = (digits.first ?? 0) & 0x80 != 0
    der.append(integerTag)
    der.append(UInt8(digits.count + (needsSign ? 1 : 0)))
    if needsSign { der.append(0) }
    der.append(contentsOf: digits)
  }

  private static func popNumber(_ der: inout ArraySlice<UInt8>) -> [UInt8]? {
    guard der.popFirst() == integerTag, let count = der.popFirst(), count <= der.count else { return nil }
    let number = der.prefix(Int(count)).drop { $0 == 0 }
    der.removeFirst(Int(count))
    guard number.count <= numberCount else { return nil }
    return [UInt8](repeating: 0, count: numberCount - number.count) + number
  }
}
