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

    fileprivate func read<Result>(_ parse: (Value) -> Result?) -> Part<Result> {
      switch self {
      case .absent: .absent
      case .unusable: .unusable
      case .given(let value): parse(value).map { .given($0) } ?? .unusable
      }
    }
  }

  package let method: Part<ArraySlice<UInt8>>
  package let host: Part<OriginalHost>
  package let path: Part<OriginalPath>

  package init(method: Part<ArraySlice<UInt8>> = .absent, host: Part<OriginalHost> = .absent, path: Part<OriginalPath> = .absent) {
    self.method = method
    self.host = host
    self.path = path
  }

  /// Reads the parts as they were sent.
  package init(method: ArraySlice<UInt8>?, host: ArraySlice<UInt8>?, target: ArraySlice<UInt8>?) {
    self.init(
      method: Self.method(method.map { .given($0) } ?? .absent), host: Self.host(host.map { .given($0) } ?? .absent),
      path: Self.path(target.map { .given($0) } ?? .absent))
  }

  package static func method(_ sent: Part<ArraySlice<UInt8>>) -> Part<ArraySlice<UInt8>> { sent.read { isMethod($0) ? $0 : nil } }

  package static func host(_ sent: Part<ArraySlice<UInt8>>) -> Part<OriginalHost> { sent.read { OriginalHost($0) } }

  package static func path(_ sent: Part<ArraySlice<UInt8>>) -> Part<OriginalPath> { sent.read { try? OriginalPath($0) } }

  /// A token (RFC 9110, section 5.6.2), as far as methods are ever spelled: capitals, digits and hyphens.
  static func isMethod(_ text: some Collection<UInt8>) -> Bool {
    (1...32).contains(text.count)
      && text.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
  }
}
