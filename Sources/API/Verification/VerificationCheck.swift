internal import Cryptography
internal import HTTP
internal import Primitives

/// The added verification of the calls under `/auth`.
struct VerificationCheck: Sendable {
  private let settings: VerificationSettings
  private let seen: SeenSignatures
  private let now: Now
  /// What was signed before may have been used before: nobody remembers that across a restart.
  private let startedAt: Instant

  init(settings: VerificationSettings, now: Now) {
    self.settings = settings
    self.now = now
    startedAt = now()
    seen = SeenSignatures()
  }

  /// How far a signature's time may be from ours.
  private static let tolerance = Duration.minutes(5)

  /// `nil` where the call may pass. `path` is the route's: how the request spells it must not decide.
  func refusal(of request: Request, on path: String) -> Problem? {
    guard settings.rule != .off, settings.paths.isEmpty || settings.paths.contains(path) else { return nil }
    guard let value = request.headers[settings.header] else {
      return Problem(.verificationFailed, "\(settings.header) is missing; this server asks for it on this call.")
    }
    switch settings.rule {
    case .off: return nil
    case .sharedSecret: return isShared(value) ? nil : wrong("is not a secret that is configured here")
    case .pattern: return settings.pattern?.matches(value) == true ? nil : wrong("does not have the form that is configured here")
    case .hmac: return signatureRefusal(value, request)
    }
  }

  /// Compares digests, so that the time tells nothing of the secrets' lengths, with every secret whatever matched.
  private func isShared(_ value: String) -> Bool {
    let digest = Digest.sha256(Array(value.utf8))
    var isFound = false
    for secret in settings.secrets where ConstantTime.areEqual(secret.withBytes { Digest.sha256($0) }, digest) { isFound = true }
    return isFound
  }

  /// `t=<unix>,v1=<hex of HMAC-SHA256(secret, t "." method "." path "." hex SHA-256(body))>`.
  private func signatureRefusal(_ value: String, _ request: Request) -> Problem? {
    let parts = value.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].hasPrefix("t="), parts[1].hasPrefix("v1="), let time = Int64(parts[0].dropFirst(2)),
      String(time) == parts[0].dropFirst(2), let signature = Hex.decode(String(parts[1].dropFirst(3))), signature.count == 32
    else { return wrong("does not have the form t=<unix seconds>,v1=<64 hexadecimal digits>") }
    let at = now()
    let skew = at - Instant(unixSeconds: time)
    guard skew <= Self.tolerance, skew >= .zero - Self.tolerance else {
      return wrong("is signed for a time more than 300 s from this server's; check the clock")
    }
    guard time >= startedAt.unixSeconds else { return wrong("was signed before this server started; sign the call anew") }
    let text = "\(time).\(String(decoding: request.methodBytes, as: UTF8.self)).\(request.path).\(Hex.encode(Digest.sha256(request.body)))"
    var isFound = false
    for secret in settings.secrets where ConstantTime.areEqual(HMAC.sha256(Array(text.utf8), key: secret), signature) { isFound = true }
    guard isFound else { return wrong("is not the signature of this call") }
    switch seen.remember(signature, at: at) {
    case .new: return nil
    case .seen: return wrong("was used before; sign each call anew")
    case .full: return Problem(.unavailable, "Too many signed calls just now; try again later.", headers: [retryAfter(.minutes(1))])
    }
  }

  private func wrong(_ reason: String) -> Problem { Problem(.verificationFailed, "\(settings.header) \(reason).") }
}
