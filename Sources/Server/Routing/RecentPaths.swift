internal import HTTP

/// The paths that one loop was asked for last, each with where it leads. Gateways ask for the same few at every request, and walking
/// the tree of segments costs more than all else that a route needs.
///
/// Bounded: a path has one place, in which the next one of that place takes its turn, and a long one has none.
struct RecentPaths {
  private static let places = 8
  private static let longestPath = 256

  private struct Entry {
    let bytes: [UInt8]
    let path: String
    let match: Router.Match
  }

  private let router: Router
  private var entries = [Entry?](repeating: nil, count: places)

  init(_ router: Router) { self.router = router }

  /// The path as text, and where it leads.
  mutating func match(_ head: RequestHead) -> (path: String, match: Router.Match) {
    head.pathBytes.withUnsafeBufferPointer { bytes in
      let place = Self.place(of: bytes)
      if let entry = entries[place], Self.areSame(entry.bytes, bytes) { return (entry.path, entry.match) }
      let path = head.path
      let match = router.match(path)
      if case .found = match, bytes.count <= Self.longestPath { entries[place] = Entry(bytes: Array(bytes), path: path, match: match) }
      return (path, match)
    }
  }

  private static func place(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
    guard let last = bytes.last else { return 0 }
    return (bytes.count &+ Int(last) &+ Int(bytes[bytes.count / 2])) % places
  }

  private static func areSame(_ known: [UInt8], _ asked: UnsafeBufferPointer<UInt8>) -> Bool {
    known.count == asked.count && known.withUnsafeBufferPointer { $0.elementsEqual(asked) }
  }
}
