private import CZxcvbn
private import Glibc
internal import Primitives

/// How many guesses a password would stand (zxcvbn by Dan Wheeler, in C by Tony Evans), as its score from 0 to 4.
enum PasswordGuessing {
  /// Its work grows with the square of the length and more: what is longer is judged by its beginning.
  static let longest = 100
  private static let longestHint = 64

  /// `normal` in NFC. Runs for up to some milliseconds: never on an event loop. The least of four readings counts: the library itself
  /// knows a repeat and a word of a hint only where nothing stands within, and a row of keys only where no other is woven into it.
  static func score(of normal: Secret, hints: [String]) -> Int {
    let stride = longest + 1
    let room = UnsafeMutablePointer<CChar>.allocate(capacity: 5 * stride)
    room.initialize(repeating: 0, count: 5 * stride)
    defer {
      explicit_bzero(room, 5 * stride)
      room.deallocate()
    }
    let (text, folded, once, apart, joined) = (room, room + stride, room + 2 * stride, room + 3 * stride, room + 4 * stride)
    let count = normal.withBytes { bytes in
      for (index, byte) in bytes.prefix(longest).enumerated() {
        text[index] = CChar(bitPattern: byte)
        folded[index] = CChar(bitPattern: (0x41...0x5A).contains(byte) ? byte + 0x20 : byte)
      }
      return min(bytes.count, longest)
    }
    let copies = leaveOutCopies(text, folded, count, into: once)
    let separators = leaveOutSeparators(once, into: joined)
    let length = strlen(joined)
    // Every second character, then the others: two rows of keys that are typed in turn stand one after the other.
    for index in 0..<length { apart[index % 2 == 0 ? index / 2 : (length + 1) / 2 + index / 2] = joined[index] }
    let words = words(hints)
    let readings = [
      bits(text, words), bits(once, words) + copies, min(bits(joined, words), bits(apart, words) + 1) + copies + separators,
    ]
    return score(ofGuesses: readings.min() ?? 0)
  }

  /// Writes letters and digits alone; answers what the rest adds in bits: which signs they are, each as often as it stands there.
  private static func leaveOutSeparators(_ text: UnsafePointer<CChar>, into joined: UnsafeMutablePointer<CChar>) -> Double {
    let signs = 33.0
    var (kinds, kept, index) = (Set<CChar>(), 0, 0)
    while text[index] != 0 {
      let sign = text[index]
      index += 1
      if sign < 0 || isalnum(Int32(sign)) != 0 {
        joined[kept] = sign
        kept += 1
      } else {
        kinds.insert(sign)
      }
    }
    return Double(kinds.count) * (log2(signs) + 1)
  }

  /// From here on a copy is worth an attacker's while.
  private static let shortestCopy = 3

  /// Writes what is left where nothing is said twice, in whatever case; answers what the copies add in bits: each is known by where it
  /// is taken from.
  private static func leaveOutCopies(
    _ text: UnsafePointer<CChar>, _ folded: UnsafePointer<CChar>, _ count: Int, into once: UnsafeMutablePointer<CChar>
  ) -> Double {
    var (bits, position, kept) = (0.0, 0, 0)
    while position < count {
      var longest = 0
      for start in 0..<position {
        var length = 0
        while position + length < count, folded[start + length] == folded[position + length] { length += 1 }
        longest = max(longest, length)
      }
      if longest >= shortestCopy {
        bits += log2(Double(position)) + 1
        position += longest
      } else {
        once[kept] = text[position]
        kept += 1
        position += 1
      }
    }
    return bits
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

  private static func bits(_ text: UnsafePointer<CChar>, _ words: [String]) -> Double {
    let copies = words.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    var list = copies.map { UnsafePointer($0) } + [nil]
    return list.withUnsafeMutableBufferPointer { list in ZxcvbnMatch(text, list.baseAddress, nil) }
  }

  /// zxcvbn's own steps: 10³, 10⁶, 10⁸ and 10¹⁰ guesses, in bits.
  private static func score(ofGuesses bits: Double) -> Int { [9.966, 19.932, 26.575, 33.219].count { bits >= $0 } }
}
