/// What is written to people. The raw value is the name of the template's file: `code.en.txt`.
package enum MessageKind: String, Sendable, CaseIterable {
  /// A one-time code, by mail or SMS.
  case code
  /// A one-time code to an address or number that somebody wants to show to be his.
  case codeEnrollment = "code_enrollment"
  case verifyAddress = "verify_address"
  case recovery
  case registration
  /// To an address that is to be registered and has an account already.
  case registrationKnown = "registration_known"
  case noticeNewDevice = "notice_new_device"
  case noticePassword = "notice_password"
  case noticeFactorAdded = "notice_factor_added"
  case noticeFactorRemoved = "notice_factor_removed"
  case noticeFactorsReset = "notice_factors_reset"
  case noticeAddress = "notice_address"
  case noticeRecovery = "notice_recovery"
  case noticeInvitation = "notice_invitation"

  /// Whether it may be an SMS too.
  package var mayBeText: Bool { self == .code || self == .codeEnrollment || self == .noticeAddress }

  /// What goes first where more waits than can be sent at once.
  package enum Urgency: Int, Sendable, CaseIterable {
    /// Whoever has shown before that he reads there waits for it.
    case awaited
    /// Somebody waits for it who may be a stranger.
    case asked
    /// What somebody should hear of.
    case told
    /// Good for days, and anybody can ask for it without end.
    case patient
  }

  package var urgency: Urgency {
    switch self {
    case .code: .awaited
    case .codeEnrollment, .verifyAddress, .recovery: .asked
    case .noticeNewDevice, .noticePassword, .noticeFactorAdded, .noticeFactorRemoved, .noticeFactorsReset, .noticeAddress,
      .noticeRecovery, .noticeInvitation:
      .told
    case .registration, .registrationKnown: .patient
    }
  }

  /// The names that its template may hold.
  package var placeholders: Set<Placeholder> {
    let own: Set<Placeholder> =
      switch self {
      case .code, .codeEnrollment: [.code, .minutes, .application]
      case .verifyAddress, .recovery, .registration: [.link, .code, .expires, .username]
      case .registrationKnown: [.username]
      case .noticeNewDevice: Placeholder.ofNotices.union([.device])
      case .noticeFactorAdded, .noticeFactorRemoved: Placeholder.ofNotices.union([.method])
      case .noticeAddress: Placeholder.ofNotices.union([.change])
      case .noticeFactorsReset, .noticePassword, .noticeRecovery, .noticeInvitation: Placeholder.ofNotices
      }
    return own.union([.product])
  }
}

/// What stands between `{{` and `}}`.
package enum Placeholder: String, Sendable, CaseIterable {
  /// The installation's name.
  case product
  case code
  /// How long the code is good.
  case minutes
  /// Who is signing in where, as the application's name.
  case application
  /// From configuration, never from a request.
  case link
  case expires
  case username
  /// When it happened.
  case time
  /// From where: the address, and the country where it is known.
  case place
  case request
  case device
  case method
  /// What changed, with masked values.
  case change

  static let ofNotices: Set<Placeholder> = [.username, .time, .place, .request]
}
