/// What a change does to one member that may be absent (RFC 7396: absent from the patch, `null`, a value).
package enum Edit<Value: Sendable & Equatable>: Sendable, Equatable {
  case keep
  case remove
  case set(Value)

  /// What `old` becomes.
  func applied(to old: Value?) -> Value? {
    switch self {
    case .keep: old
    case .remove: nil
    case .set(let value): value
    }
  }
}
