package import Primitives

/// What a new password must be: 8 to 256 characters, counted as code points after NFC (NIST SP 800-63B-4, section 3.1.1.2).
package enum PasswordRule {
  package static let length = 8...256

  package enum Refusal: Error, Sendable, Equatable {
    case notText
    case tooShort
    case tooLong
  }

  package static func refusal(of password: Secret) -> Refusal? {
    guard let normal = UnicodeForm.nfc(password), let count = UnicodeForm.scalarCount(normal) else { return .notText }
    if count < length.lowerBound { return .tooShort }
    if count > length.upperBound { return .tooLong }
    return nil
  }
}

extension PasswordRule.Refusal: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notText: "a password is text in UTF-8"
    case .tooShort: "a password has at least \(PasswordRule.length.lowerBound) characters"
    case .tooLong: "a password has at most \(PasswordRule.length.upperBound) characters"
    }
  }
}
