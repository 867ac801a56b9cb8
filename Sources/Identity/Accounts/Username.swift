internal import Primitives

/// A username in its one stored spelling: NFKC_Casefold, 1 to 254 bytes, of ASCII letters, digits and `._@+-` unless Unicode is
/// switched on (`accounts.allowUnicode`).
package struct Username: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  package var description: String { text }

  package enum Refusal: Error, Equatable {
    case empty
    case tooLong
    case forbiddenCharacter
  }

  /// For names that are to be stored, or looked up: a name that could not have been stored is nobody's.
  package init(_ typed: String, allowsUnicode: Bool) throws(Refusal) {
    guard !typed.isEmpty else { throw .empty }
    guard typed.utf8.count <= 254 else { throw .tooLong }
    guard let folded = UnicodeForm.nfkcCasefold(Array(typed.utf8)), !folded.isEmpty else { throw .forbiddenCharacter }
    guard folded.count <= 254 else { throw .tooLong }
    let text = String(decoding: folded, as: UTF8.self)
    guard allowsUnicode ? Self.isPrintable(text) : folded.allSatisfy(Self.isPlain) else { throw .forbiddenCharacter }
    self.text = text
  }

  /// From the database, where only accepted names stand.
  init(stored text: String) { self.text = text }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "@"), UInt8(ascii: "+"), UInt8(ascii: "-"): true
    default: false
    }
  }

  /// Letters, marks and digits of any script beside the plain set: no spaces, controls, symbols or invisible characters, which
  /// would let two names look alike.
  private static func isPrintable(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      if scalar.isASCII { return isPlain(UInt8(truncatingIfNeeded: scalar.value)) }
      switch scalar.properties.generalCategory {
      case .lowercaseLetter, .otherLetter, .modifierLetter, .titlecaseLetter, .uppercaseLetter: return true
      case .nonspacingMark, .spacingMark, .decimalNumber: return true
      default: return false
      }
    }
  }
}

extension Username.Refusal: CustomStringConvertible {
  package var description: String {
    switch self {
    case .empty: "a username has at least one character"
    case .tooLong: "a username has at most 254 bytes"
    case .forbiddenCharacter: "a username is made of letters, digits and . _ @ + -"
    }
  }
}
