/// Takes fixed parts off the front of bytes, numbers big-endian. Every `nil` means that too few are left.
struct ByteReader {
  private(set) var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  mutating func take(_ count: Int) -> [UInt8]? {
    guard count <= rest.count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  mutating func number(_ count: Int) -> UInt64? { take(count)?.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }

  /// Bytes after their number in two bytes.
  mutating func sized() -> [UInt8]? { number(2).flatMap { take(Int($0)) } }
}
