/// The request that a gateway asks about, as far as it says. What is sent must be right even where no rule compares it.
package struct OriginalRequest: Sendable {
  /// One part of it.
  package enum Part<Value: Sendable>: Sendable {
    case absent
    /// Sent twice, or not as it must be.
    case unusable
    case given(Value)

    package var value: Value? { if case .given(let value) = self { value } else { nil } }
    package var isUnusable: Bool { if case .unusable = self { true } else { false } }
  }

  package var method: Part<[UInt8]>
  package var host: Part<OriginalHost>
  package var path: Part<OriginalPath>

  package init(method: Part<[UInt8]> = .absent, host: Part<OriginalHost> = .absent, path: Part<OriginalPath> = .absent) {
    self.method = method
    self.host = host
    self.path = path
  }

  /// Reads the parts as they were sent; each with how often it stood there.
  package init(method: ArraySlice<UInt8>?, host: ArraySlice<UInt8>?, target: ArraySlice<UInt8>?) {
    self.init(
      method: Self.part(method) { Self.isMethod($0) ? Array($0) : nil }, host: Self.part(host) { OriginalHost($0) },
      path: Self.part(target) { try? OriginalPath($0) })
  }

  private static func part<Value>(_ bytes: ArraySlice<UInt8>?, _ read: (ArraySlice<UInt8>) -> Value?) -> Part<Value> {
    guard let bytes else { return .absent }
    return read(bytes).map { .given($0) } ?? .unusable
  }

  /// A token (RFC 9110, section 5.6.2), as far as methods are ever spelled: capitals, digits and hyphens.
  static func isMethod(_ text: some Collection<UInt8>) -> Bool {
    (1...32).contains(text.count)
      && text.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
  }
}
