internal import Primitives

/// What is wrong with a new password. A refusal names all of it at once.
package enum PasswordFlaw: Sendable, Equatable {
  case notText
  case tooShort(least: Int)
  case tooLong
  case withoutLetter
  case withoutDigit
  case withoutSpecial
  case guessable
  case usedBefore(last: Int)

  /// Bounds of every policy, counted as code points after NFC (NIST SP 800-63B-4, section 3.1.1.2).
  package static let length = 8...256
}

extension PasswordFlaw: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notText: "a password is text in UTF-8"
    case .tooShort(let least): "it needs at least \(least) characters"
    case .tooLong: "it may have at most \(Self.length.upperBound) characters"
    case .withoutLetter: "it needs a letter, or at least \(PasswordPolicy.longEnough) characters"
    case .withoutDigit: "it needs a digit, or at least \(PasswordPolicy.longEnough) characters"
    case .withoutSpecial: "it needs a character that is neither letter nor digit, or at least \(PasswordPolicy.longEnough) characters"
    case .guessable: "it is too easy to guess: common words, names, dates, keyboard rows and repeats count for little"
    case .usedBefore(let last): "it is one of the last \(last) passwords"
    }
  }
}

extension Sequence<PasswordFlaw> {
  /// For people: all of them in one line.
  package var sentence: String { map(\.description).joined(separator: "; ") }
}
