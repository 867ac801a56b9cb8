/// The names of the open objects' members so far, so that a second one is noticed. Small objects are compared name by name,
/// which allocates next to nothing; large ones go through a set, so that a hostile document cannot cost the square of its size.
struct MemberNames {
  private static let largestLinear = 24

  private var names: [JSONText] = []
  private var starts: [Int] = []
  /// The names of large objects, by where the object starts in `names`.
  private var sets: [Int: Set<[UInt8]>] = [:]

  mutating func open() {
    if starts.isEmpty { names.reserveCapacity(Self.largestLinear) }
    starts.append(names.count)
  }

  mutating func close() {
    guard let start = starts.popLast() else { return }
    names.removeLast(names.count - start)
    if !sets.isEmpty { sets[start] = nil }
  }

  /// `false` where the innermost object has a member of this name.
  mutating func insert(_ name: JSONText, from cursor: JSONCursor) -> Bool {
    guard let start = starts.last else { return false }
    if names.count - start >= Self.largestLinear {
      return sets[start, default: Set(names[start...].map { cursor.unescaped($0) })].insert(cursor.unescaped(name)).inserted
    }
    for index in start..<names.count where isSame(name, names[index], in: cursor) { return false }
    names.append(name)
    return true
  }

  private func isSame(_ left: JSONText, _ right: JSONText, in cursor: JSONCursor) -> Bool {
    if left.hasEscapes || right.hasEscapes { return cursor.unescaped(left) == cursor.unescaped(right) }
    return left.range.count == right.range.count && cursor.bytes[left.range].elementsEqual(cursor.bytes[right.range])
  }
}
