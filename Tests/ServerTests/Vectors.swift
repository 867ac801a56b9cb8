import TestVectors
import Testing

/// A line of `Tests/Vectors/http-malformed.txt`.
struct MalformedRequest: Sendable, CustomTestStringConvertible {
  let status: Int
  let title: String
  let bytes: [UInt8]

  var testDescription: String { "\(title): \(status)" }

  static let all = VectorFile.lines("http-malformed.txt").compactMap { kind, title, bytes in
    Int(kind).map { MalformedRequest(status: $0, title: title, bytes: bytes) }
  }
}

/// A line of `Tests/Vectors/proxy-protocol.txt`.
struct AnnouncedConnection: Sendable, CustomTestStringConvertible {
  /// An address, `peer`, `malformed` or `incomplete`.
  let meaning: String
  let title: String
  let bytes: [UInt8]

  var testDescription: String { "\(title): \(meaning)" }

  static let all = VectorFile.lines("proxy-protocol.txt").map { AnnouncedConnection(meaning: $0, title: $1, bytes: $2) }
}
