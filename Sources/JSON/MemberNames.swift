/// The names of the open objects' members so far, so that a second one is noticed. Small objects are compared name by name,
/// which allocates nothing; large ones go through a set, so that a hostile document cannot cost the square of its size.
struct MemberNames {
  private static let largestLinear = 24

  private var names: [JSONText] = []
  private var starts: [Int] = []
  private var sets: [Set<[UInt8]>?] = []

  mutating func open() {
    starts.append(names.count)
    sets.append(nil)
  }

  mutating func close() {
    guard let start = starts.popLast() else { return }
    sets.removeLast()
    names.removeLast(names.count - start)
  }

  /// `false` where the innermost object has a member of this name.
  mutating func insert(_ name: JSONText, from cursor: JSONCursor) -> Bool {
    guard let start = starts.last else { return false }
    let count = names.count - start
    if count >= Self.largestLinear { return insertIntoSet(name, from: cursor, start: start) }
    for other in names[start...] where isSame(name, other, in: cursor) { return false }
    names.append(name)
    return true
  }

  private mutating func insertIntoSet(_ name: JSONText, from cursor: JSONCursor, start: Int) -> Bool {
    let top = sets.count - 1
    if sets[top] == nil { sets[top] = Set(names[start...].map { cursor.unescaped($0) }) }
    return sets[top]?.insert(cursor.unescaped(name)).inserted ?? false
  }

  private func isSame(_ left: JSONText, _ right: JSONText, in cursor: JSONCursor) -> Bool {
    if left.hasEscapes || right.hasEscapes { return cursor.unescaped(left) == cursor.unescaped(right) }
    return left.range.count == right.range.count && cursor.bytes[left.range].elementsEqual(cursor.bytes[right.range])
  }
}
