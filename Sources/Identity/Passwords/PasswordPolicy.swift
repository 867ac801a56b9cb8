internal import Cryptography
package import Primitives

/// What a new password must be, whoever sets it. Every check runs, so that a refusal says all that is wrong.
package struct PasswordPolicy: Sendable {
  private let settings: PasswordSettings
  private let passwords: Passwords
  /// What everybody who knows this server would try.
  private let serviceName: String
  /// Whether a password may ever stand alone, without a second factor.
  private let mayStandAlone: Bool

  package init(settings: PasswordSettings, passwords: Passwords, serviceName: String, mayStandAlone: Bool) {
    self.settings = settings
    self.passwords = passwords
    self.serviceName = serviceName
    self.mayStandAlone = mayStandAlone
  }

  static let longEnough = 20
  private static let longEnoughWithClasses = 12
  private static let longEnoughAlone = 15

  /// How many old passwords have to be kept beside the present one.
  var kept: Int { max(0, settings.history - 1) }

  /// `hints` are what the user is called and reached by; `earlier` the present password and those before it, the newest first.
  /// Guessing and hashing run on the hashing pool. Throws `HashingPool.Overloaded`.
  package func flaws(of password: Secret, hints: [String], earlier: [StoredPassword] = []) async throws -> [PasswordFlaw] {
    guard let normal = UnicodeForm.nfc(password), let count = UnicodeForm.scalarCount(normal) else { return [.notText] }
    var flaws = lengthFlaws(count)
    if settings.composition == .classes, count < Self.longEnough { flaws += Self.classFlaws(normal) }
    if settings.minimumScore > 0 {
      let (hints, needed) = (hints + [serviceName], settings.minimumScore)
      if try await passwords.onPool({ PasswordGuessing.score(of: normal, hints: hints) }) < needed { flaws.append(.guessable) }
    }
    // What is too long to be any password is not compared: its length says that it is none of them.
    guard count <= PasswordFlaw.length.upperBound else { return flaws }
    if let repetition = try await repetition(of: password, among: earlier) { flaws.append(repetition) }
    return flaws
  }

  /// Whether the password is one of the account's last. Compared with all of them: the time does not say with which it agrees.
  func repetition(of password: Secret, among earlier: [StoredPassword]) async throws -> PasswordFlaw? {
    var isUsed = false
    for old in earlier.prefix(settings.history) where try await passwords.verify(password, against: old) { isUsed = true }
    return isUsed ? .usedBefore(last: settings.history) : nil
  }

  private func lengthFlaws(_ count: Int) -> [PasswordFlaw] {
    let least =
      switch settings.composition {
      case .classes: Self.longEnoughWithClasses
      case .none: mayStandAlone ? Self.longEnoughAlone : PasswordFlaw.length.lowerBound
      }
    if count < least { return [.tooShort(least: least)] }
    return count > PasswordFlaw.length.upperBound ? [.tooLong] : []
  }

  private static func classFlaws(_ normal: Secret) -> [PasswordFlaw] {
    var (hasLetter, hasDigit, hasSpecial) = (false, false, false)
    normal.withBytes { bytes in
      for byte in bytes {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): hasDigit = true
        // Every script's letters count as letters: none of them is in ASCII's punctuation.
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), 128...255: hasLetter = true
        default: hasSpecial = true
        }
      }
    }
    return [hasLetter ? nil : .withoutLetter, hasDigit ? nil : .withoutDigit, hasSpecial ? nil : .withoutSpecial].compactMap { $0 }
  }
}
