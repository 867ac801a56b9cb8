private import CZxcvbn
private import Glibc
internal import Primitives

/// How many guesses a password would stand (zxcvbn by Dan Wheeler, in C by Tony Evans), as its score from 0 to 4.
enum PasswordGuessing {
  /// Its work grows with the square of the length and more: what is longer is judged by its beginning.
  static let longest = 100
  private static let longestHint = 64

  /// `normal` in NFC. Runs for up to some milliseconds: never on an event loop.
  static func score(of normal: Secret, hints: [String]) -> Int {
    var text = normal.withBytes { bytes in bytes.prefix(longest).map { CChar(bitPattern: $0) } } + [0]
    defer { for index in text.indices { text[index] = 0 } }
    let words = words(hints)
    var (once, copies) = withoutCopies(text.dropLast())
    var apart = interleaved(text.dropLast())
    defer { for index in once.indices { once[index] = 0 } }
    defer { for index in apart.indices { apart[index] = 0 } }
    return score(ofGuesses: min(bits(text, words), bits(once + [0], words) + copies, bits(apart + [0], words) + 1))
  }

  /// From here on a copy is worth an attacker's while.
  private static let shortestCopy = 3

  /// What is left where nothing is said twice, in whatever case, and what the copies add in bits: each is known by where it is taken
  /// from. The library itself knows a repeat only where nothing stands between.
  private static func withoutCopies(_ text: ArraySlice<CChar>) -> (text: [CChar], bits: Double) {
    var (kept, bits, position) = ([CChar](), 0.0, 0)
    kept.reserveCapacity(text.count + 1)
    let folded = text.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
    while position < folded.count {
      let longest = (0..<position).map { zip(folded[$0...], folded[position...]).prefix { $0 == $1 }.count }.max() ?? 0
      if longest >= shortestCopy {
        bits += log2(Double(position)) + 1
        position += longest
      } else {
        kept.append(text[text.startIndex + position])
        position += 1
      }
    }
    return (kept, bits)
  }

  /// Every second character, then the others: two rows of keys that are typed in turn stand one after the other.
  private static func interleaved(_ text: ArraySlice<CChar>) -> [CChar] {
    [0, 1].flatMap { first in stride(from: text.startIndex + first, to: text.endIndex, by: 2).map { text[$0] } }
  }

  /// Of each hint what a person would make of it: the whole, and its parts, in lower case as the library compares them.
  private static func words(_ hints: [String]) -> [String] {
    var words: [String] = []
    for hint in hints {
      let lower = String(hint.lowercased().prefix(longestHint))
      let parts = lower.split { !$0.isLetter && !$0.isNumber }.map(String.init).filter { $0.utf8.count >= 3 }
      for word in [lower] + parts where !word.isEmpty && !words.contains(word) { words.append(word) }
    }
    return Array(words.prefix(16))
  }

  private static func bits(_ text: [CChar], _ words: [String]) -> Double {
    let copies = words.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    var list = copies.map { UnsafePointer($0) } + [nil]
    return list.withUnsafeMutableBufferPointer { list in ZxcvbnMatch(text, list.baseAddress, nil) }
  }

  /// zxcvbn's own steps: 10³, 10⁶, 10⁸ and 10¹⁰ guesses, in bits.
  private static func score(ofGuesses bits: Double) -> Int { [9.966, 19.932, 26.575, 33.219].count { bits >= $0 } }
}
