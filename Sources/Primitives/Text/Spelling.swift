/// The nearest known name to a mistyped one, for messages such as "unknown key 'lisen', did you mean 'listen'?".
package enum Spelling {
  /// `nil` where nothing is within a third of the word's length.
  package static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let typed = Array(word.lowercased().utf8)
    let best = candidates.map { (name: $0, distance: distance(typed, Array($0.lowercased().utf8))) }.min { $0.distance < $1.distance }
    guard let best, best.distance <= max(2, typed.count / 3) else { return nil }
    return best.name
  }

  /// Levenshtein's distance in bytes.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (index, byte) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in right.indices {
        let substitution = diagonal + (byte == right[column] ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(substitution, diagonal + 1, row[column] + 1)
      }
    }
    return row[right.count]
  }
}
