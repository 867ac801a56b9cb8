/// The nearest known name to a mistyped one, for messages such as "unknown key 'lisen', did you mean 'listen'?".
package enum Spelling {
  /// `nil` where nothing is within a third of the word's length, and nothing begins or ends as the word, or the word as it.
  package static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let typed = Array(word.lowercased().utf8)
    let best = candidates.map { (name: $0, distance: distance(typed, Array($0.lowercased().utf8))) }.min { $0.distance < $1.distance }
    if let best, best.distance <= max(2, typed.count / 3) { return best.name }
    let whole = word.lowercased()
    return candidates.first { candidate in
      let (short, long) = whole.utf8.count < candidate.utf8.count ? (whole, candidate.lowercased()) : (candidate.lowercased(), whole)
      return short.utf8.count >= 3 && (long.hasPrefix(short) || long.hasSuffix(short))
    }
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
