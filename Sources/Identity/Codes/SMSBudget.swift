internal import Delivery
internal import Persistence
internal import Primitives

/// Against pumping: where an SMS may go, and how many in a day. Numbers that nobody has shown to be his get half of them at most,
/// and one account a twentieth, so that nobody takes the others' sign-ins.
struct SMSBudget {
  private let settings: SMSSettings
  private let db: any Transaction

  init(_ settings: SMSSettings, _ db: any Transaction) {
    self.settings = settings
    self.db = db
  }

  /// Spends one; or says why none is to be had. Mail is not counted.
  func refusal(of recipient: Recipient, isConfirmed: Bool, for account: Account.ID, at instant: Instant) throws -> String? {
    guard case .sms(let number) = recipient else { return nil }
    guard settings.countries.allows(number) else { return "the country is not allowed" }
    let budget = DailyBudget(db)
    // The asker's own bound first: what he is refused by takes nothing from others.
    guard try budget.spend("sms.\(account)", of: max(10, settings.dailyBudget / 20), at: instant) else {
      return "the account's share of the day's budget is spent"
    }
    if !isConfirmed, try !budget.spend("sms.unconfirmed", of: (settings.dailyBudget + 1) / 2, at: instant) {
      return "the day's budget for numbers that are not confirmed is spent"
    }
    return try budget.spend("sms", of: settings.dailyBudget, at: instant) ? nil : "the day's budget is spent"
  }
}
