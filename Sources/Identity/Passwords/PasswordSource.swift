package import Defense
internal import Primitives

/// From where a password comes. Wrong ones are counted, and tries paced, for each apart: who floods a name from anywhere holds
/// nobody back who proved more than to know that name.
package enum PasswordSource: Sendable {
  /// Anywhere. All unknown sources are one, so that an attack from many addresses has 100 guesses and not 100 each.
  case unknown
  /// A device that the account knows.
  case device(Device.ID)
  /// Who is signed in, in whichever session, and has just shown a factor once more.
  case signedIn
  /// Who holds the code of the account's invitation.
  case invited
  /// Who holds the code of a recovery.
  case recovering

  var key: [UInt8] {
    switch self {
    case .unknown: []
    case .device(let id): id.bytes
    case .signedIn: [1]
    case .invited: [2]
    case .recovering: [3]
    }
  }
}

/// How often a password may be tried, or a new one offered, for one username: each try costs a hash.
package struct PasswordPace: Sendable {
  private let limiter: PaceLimiter
  /// `nil` where pace is switched off.
  private let pace: Pace?

  package init(limiter: PaceLimiter, pace: Pace?) {
    self.limiter = limiter
    self.pace = pace
  }

  /// How long until the next try, and by which bound.
  package struct Wait: Sendable, Equatable {
    package let seconds: Int
    package let pace: Pace
    package let standing: PaceStanding
  }

  /// `nil` where this try may go on.
  func wait(_ usernameDigest: [UInt8], _ source: PasswordSource, at instant: Instant) -> Wait? {
    let key = PaceKey.account(.strict, usernameDigest + source.key)
    guard let pace, case .limited(let seconds) = limiter.take(key, at: pace, now: instant) else { return nil }
    return Wait(seconds: seconds, pace: pace, standing: limiter.standing(of: key, at: pace, now: instant))
  }
}
