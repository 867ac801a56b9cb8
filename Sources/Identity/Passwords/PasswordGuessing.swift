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
    return score(ofGuesses: bits(text, words(hints)))
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
