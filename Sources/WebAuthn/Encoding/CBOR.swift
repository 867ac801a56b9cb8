/// A value of CBOR (RFC 8949) as authenticators write it: the canonical form of CTAP2, section 8.
enum CBOR: Hashable, Sendable {
  case unsigned(UInt64)
  /// Below zero: `-1 - n`.
  case negative(Int64)
  case bytes([UInt8])
  case text(String)
  case array([CBOR])
  case map([Member])
  case boolean(Bool)
  case null

  struct Member: Hashable, Sendable {
    let key: CBOR
    let value: CBOR
  }

  var integer: Int64? {
    switch self {
    case .unsigned(let value): Int64(exactly: value)
    case .negative(let value): value
    default: nil
    }
  }

  var bytes: [UInt8]? { if case .bytes(let value) = self { value } else { nil } }
  var text: String? { if case .text(let value) = self { value } else { nil } }
  var array: [CBOR]? { if case .array(let value) = self { value } else { nil } }

  /// By key; `nil` where this is no map.
  var members: [CBOR: CBOR]? {
    guard case .map(let members) = self else { return nil }
    return Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  /// A map whose keys are texts; `nil` for anything else.
  var texts: [String: CBOR]? {
    guard case .map(let members) = self else { return nil }
    var result: [String: CBOR] = [:]
    for member in members {
      guard let name = member.key.text else { return nil }
      result[name] = member.value
    }
    return result
  }
}
