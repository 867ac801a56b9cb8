package import Primitives

/// The configuration's `passwords`: what a new password must be.
package struct PasswordSettings: Settings {
  package enum Composition: String, Sendable, CaseIterable {
    /// At least 12 characters with letters, digits and others, or at least 20 of anything.
    case classes
    /// NIST SP 800-63B-4, section 3.1.1.2: length alone.
    case none
  }

  package let composition: Composition
  /// Of zxcvbn, 0 to 4: from what a good guesser would need few tries for, to what is out of reach.
  package let minimumScore: Int
  /// How many of the last passwords, the present one among them, are not taken again.
  package let history: Int

  package init(from reader: SettingsReader) throws(SettingsError) {
    let name = try reader.string("composition", default: Composition.classes.rawValue)
    guard let composition = Composition(rawValue: name) else {
      throw reader.wrong("composition", "expected \"classes\" or \"none\", found '\(name)'")
    }
    self.composition = composition
    minimumScore = try reader.integer("minimumScore", default: 3, in: 0...4)
    history = try reader.integer("history", default: 5, in: 0...Self.mostHistory)
  }

  static let mostHistory = 24
}
