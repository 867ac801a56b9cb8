private import Primitives

/// A path that two programs could take for two different things.
package struct AmbiguousPath: Error, Equatable {
  package init() {}
}

/// The path of the original request in the one form that rules see: decoded once, without the query and without a slash at its
/// end. The one place where paths are normalised, and strict: gateway, this server and the service behind must all mean the same,
/// so whatever one of them could read differently has no form here. Case is kept.
///
/// Refused: what does not begin with a slash; empty segments; dot segments, and segments that end in a dot or begin or end with a
/// space (some file systems drop those); raw or encoded backslash, `;`, `#`, `?`, control characters; encoded `/` and `%`; bytes that
/// are no characters, and characters that compatibility normalisation or a "best fit" turns into ASCII; raw bytes over 126.
package struct OriginalPath: Sendable, Equatable {
  package static let mostBytes = 8192

  /// `/` for the root, else `/segment` once or more.
  package let bytes: [UInt8]

  /// `target` as the request line had it; all from the first `?` is the query and left out.
  package init(_ target: ArraySlice<UInt8>) throws(AmbiguousPath) {
    let sent = target.prefix { $0 != UInt8(ascii: "?") }
    guard sent.first == UInt8(ascii: "/"), sent.count <= Self.mostBytes else { throw AmbiguousPath() }
    var path = try Self.decoded(sent)
    try Self.checkSegments(path)
    if path.count > 1, path.last == UInt8(ascii: "/") { path.removeLast() }
    if path.contains(where: { $0 > 127 }) { try Self.checkCharacters(path) }
    bytes = path
  }

  /// For people.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  private static func decoded(_ sent: ArraySlice<UInt8>) throws(AmbiguousPath) -> [UInt8] {
    var path: [UInt8] = []
    path.reserveCapacity(sent.count)
    var rest = sent
    while let byte = rest.popFirst() {
      if byte != UInt8(ascii: "%") {
        guard byte > 32, byte < 127, !isSeparator(byte) else { throw AmbiguousPath() }
        path.append(byte)
      } else {
        guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else { throw AmbiguousPath() }
        let value = high << 4 | low
        guard value >= 32, value != 127, value != UInt8(ascii: "/"), value != UInt8(ascii: "%"), !isSeparator(value) else {
          throw AmbiguousPath()
        }
        path.append(value)
      }
    }
    return path
  }

  /// What some take for a separator, or for the end of the path.
  private static func isSeparator(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\\"), UInt8(ascii: ";"), UInt8(ascii: "#"), UInt8(ascii: "?"): true
    default: false
    }
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }

  private static func checkSegments(_ path: [UInt8]) throws(AmbiguousPath) {
    var start = 1
    for index in 1...path.count where index == path.count || path[index] == UInt8(ascii: "/") {
      defer { start = index + 1 }
      guard index > start else {
        // An empty one only at the very end: the slash there.
        guard index == path.count else { throw AmbiguousPath() }
        continue
      }
      let last = path[index - 1]
      guard last != UInt8(ascii: "."), last != 32, path[start] != 32 else { throw AmbiguousPath() }
    }
  }

  /// Slashes and their like that programs are known to fit to ASCII, though Unicode does not.
  private static let bestFits: Set<UInt32> = [0x2044, 0x2215, 0x2216, 0x29F5, 0x29F8, 0x29F9]

  private static func checkCharacters(_ path: [UInt8]) throws(AmbiguousPath) {
    guard let text = String(validating: path, as: UTF8.self) else { throw AmbiguousPath() }
    for scalar in text.unicodeScalars where !scalar.isASCII {
      let category = scalar.properties.generalCategory
      guard scalar.value > 0x9F, !bestFits.contains(scalar.value), category != .lineSeparator, category != .paragraphSeparator,
        let compatible = UnicodeForm.nfkc(String(scalar).utf8), !compatible.contains(where: { $0 < 128 })
      else { throw AmbiguousPath() }
    }
  }
}
