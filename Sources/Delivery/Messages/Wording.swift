/// What a message says of things that the program has short names for, in its reader's language.
extension MessageValues {
  package func worded(in language: Language) -> MessageValues {
    var values = self
    if let word = Self.method(self[.method], language) { values[.method] = word }
    if self[.device] == Self.none { values[.device] = language == .de ? "(ohne Namen)" : "(without a name)" }
    if self[.place] == Self.none { values[.place] = language == .de ? "vom Betreiber, per Befehl" : "the operator, by a command" }
    return values
  }

  /// Stands where there is nothing.
  package static let none = "-"

  private static func method(_ name: String, _ language: Language) -> String? {
    let isGerman = language == .de
    return switch name {
    case "totp": isGerman ? "eine Authenticator-App" : "an authenticator app"
    case "webauthn": isGerman ? "ein Passkey" : "a passkey"
    case "email": isGerman ? "ein Postfach, das Codes bekommt" : "a mailbox that gets codes"
    case "sms": isGerman ? "ein Telefon, das Codes bekommt" : "a telephone that gets codes"
    case "recovery_code": isGerman ? "Wiederherstellungscodes" : "recovery codes"
    default: nil
    }
  }
}
