/// Held permissions, made ready for many questions: a look-up for what is written out, then one walk along the text for all
/// patterns together. Asking allocates nothing and costs at most as many steps as there are patterns that begin alike.
package struct PermissionSet: Sendable {
  private let texts: Set<String>
  private let patterns: PatternTree

  package init(_ held: some Sequence<Permission>) {
    var texts: Set<String> = []
    var patterns = PatternTree()
    for permission in held where texts.insert(permission.text).inserted && permission.isPattern { patterns.insert(permission.text) }
    self.texts = texts
    self.patterns = patterns
  }

  /// Whether a held permission covers the one that is asked. Only what is written out can be asked: a pattern asks for everything
  /// that it covers, and is allowed only where it is held letter by letter.
  package func allows(_ asked: Permission) -> Bool {
    texts.contains(asked.text) || (!asked.isPattern && patterns.covers(asked.text))
  }
}

/// Patterns by their segments: those that begin alike share their beginning.
private struct PatternTree: Sendable {
  /// What may follow after some segments, all of them on the same side of the colon.
  private struct Node {
    var segments: [Substring: Int] = [:]
    /// Behind `*`.
    var any: Int?
    /// Behind `**`: the end of this side.
    var rest: Int?
    /// Behind the colon: the action's first segment.
    var action: Int?
    var isEnd = false
  }

  private var nodes = [Node()]

  mutating func insert(_ pattern: String) {
    var node = 0
    for (side, path) in pattern.split(separator: ":").enumerated() {
      if side > 0 { node = follow(nodes[node].action, { $0.action = $1 }, from: node) }
      for segment in path.split(separator: "/") {
        switch segment {
        case "*": node = follow(nodes[node].any, { $0.any = $1 }, from: node)
        case "**": node = follow(nodes[node].rest, { $0.rest = $1 }, from: node)
        default: node = follow(nodes[node].segments[segment], { $0.segments[segment] = $1 }, from: node)
        }
      }
    }
    nodes[node].isEnd = true
  }

  private mutating func follow(_ known: Int?, _ link: (inout Node, Int) -> Void, from node: Int) -> Int {
    if let known { return known }
    nodes.append(Node())
    link(&nodes[node], nodes.count - 1)
    return nodes.count - 1
  }

  func covers(_ text: String) -> Bool { nodes.count > 1 && covers(text, from: text.startIndex, at: 0) }

  /// `start` is the beginning of a segment.
  private func covers(_ text: String, from start: String.Index, at node: Int) -> Bool {
    let bytes = text.utf8
    var end = start
    while end < bytes.endIndex, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: ":") { bytes.formIndex(after: &end) }
    if let next = nodes[node].segments[text[start..<end]], goesOn(text, behind: end, at: next) { return true }
    if let next = nodes[node].any, goesOn(text, behind: end, at: next) { return true }
    guard let next = nodes[node].rest else { return false }
    while end < bytes.endIndex, bytes[end] != UInt8(ascii: ":") { bytes.formIndex(after: &end) }
    return goesOn(text, behind: end, at: next)
  }

  private func goesOn(_ text: String, behind end: String.Index, at node: Int) -> Bool {
    let bytes = text.utf8
    guard end < bytes.endIndex else { return nodes[node].isEnd }
    let start = bytes.index(after: end)
    if bytes[end] == UInt8(ascii: "/") { return covers(text, from: start, at: node) }
    return nodes[node].action.map { covers(text, from: start, at: $0) } ?? false
  }
}
