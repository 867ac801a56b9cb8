import Cryptography
import JSON
import Primitives

@testable import CredentialFlow

/// What a walk knows of one user: what is right now, and what was once.
final class WalkedUser: CustomStringConvertible {
  let name: String
  var password: String
  /// False until an invitation has set it.
  var hasPassword = true
  var totps: [(begun: BegunTOTP, lastStep: Int64)]
  var codes: [String]
  var spentCodes: [String] = []
  var sessions: [WalkedSession] = []
  var challenges: [String] = []
  /// Of recoveries that were mailed and not finished.
  var recoveryCodes: [String] = []
  var passkeys: [WalkedPasskey] = []
  /// That were the user's once.
  var lostPasskeys: [WalkedPasskey] = []
  /// Those of `challenges` that a passkey can answer.
  var passkeyChallenges: [WalkedOffer] = []
  var addressChange: (address: String, code: String)?
  var seenRegistrations: [String] = []
  /// Whether there is an account of this name.
  var isThere = true
  var email: String
  /// What happened to the factors, for whoever reads of a fault.
  var history: [String] = []
  var invitation: String?
  var enrollment: (token: String, begun: [BegunTOTP])?
  /// Everything that this user ever held, to be put where it does not belong.
  var pieces: [String] = []

  init(name: String, password: String, totps: [BegunTOTP], codes: [String]) {
    self.name = name
    self.password = password
    self.totps = totps.map { ($0, -1) }
    self.codes = codes
    email = name
  }

  var description: String { "\(name), \(password), \(totps.map(\.begun.id)), \(passkeys.map(\.id)), \(history.suffix(12))" }

  var hasFactor: Bool { !totps.isEmpty || !passkeys.isEmpty }

  /// The factor that an answer fits, as a TOTP's place and step; `-1` for a recovery code.
  func fit(_ method: String, _ code: String, _ clock: ManualClock) -> (index: Int, step: Int64)? {
    if method == "recovery_code" { return codes.contains(code) ? (-1, 0) : nil }
    for (index, known) in totps.enumerated() {
      let now = known.begun.totp.step(at: clock.now())
      for step in (now - 1)...(now + 1) where step > known.lastStep {
        if String(decoding: known.begun.totp.code(step: step), as: UTF8.self) == code { return (index, step) }
      }
    }
    return nil
  }

  func use(_ fit: (index: Int, step: Int64), _ code: String) {
    if fit.index >= 0 {
      totps[fit.index].lastStep = fit.step
    } else {
      codes.removeAll { $0 == code }
      spentCodes.append(code)
    }
  }

  /// All sessions are over, and what hangs on them.
  func endSessions(but kept: WalkedSession? = nil) { sessions = sessions.filter { $0 === kept } }
}

final class WalkedSession {
  let token: String
  let refresh: String
  let acr: String
  var proofs: [String] = []
  var spentProofs: [String] = []
  var stepUps: [String] = []
  var begun: [BegunTOTP] = []
  var offers: [WalkedOffer] = []

  init(_ answer: Answer) throws {
    token = try answer.token()
    refresh = try answer.refresh()
    acr = answer.json?["acr"]?.string ?? ""
  }
}
