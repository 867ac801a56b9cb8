internal import Persistence
internal import Primitives

/// Where the codes of email and SMS factors go: `address` in the rows of `code_factor`.
struct CodeAddresses {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  func insert(_ recipient: Recipient, of factor: Factor.ID) throws(DatabaseError) {
    try db.run(
      """
      INSERT INTO code_factor (factor_id, address, code_digest, bound_to, attempts, code_expires_at)
      VALUES (\(factor), \(recipient.text), NULL, NULL, \(0), NULL)
      """)
  }

  func recipient(of factor: Factor.ID) throws(DatabaseError) -> Recipient? {
    let row = try db.row(
      """
      SELECT code_factor.address, factor.kind FROM code_factor JOIN factor ON factor.id = code_factor.factor_id
      WHERE factor.id = \(factor)
      """)
    guard let row, let channel = FactorMethod(rawValue: try row.text("kind"))?.channel else { return nil }
    return Recipient(channel, try row.text("address"))
  }

  /// All of an account's, by factor.
  func recipients(of account: Account.ID) throws(DatabaseError) -> [Factor.ID: Recipient] {
    var recipients: [Factor.ID: Recipient] = [:]
    for row in try db.rows(
      """
      SELECT factor.id, code_factor.address, factor.kind FROM factor JOIN code_factor ON factor.id = code_factor.factor_id
      WHERE factor.account_id = \(account)
      """)
    {
      guard let channel = FactorMethod(rawValue: try row.text("kind"))?.channel else { continue }
      recipients[try row.identifier("id")] = Recipient(channel, try row.text("address"))
    }
    return recipients
  }
}

extension FactorMethod {
  /// How its codes are sent; `nil` for methods that send none.
  package var channel: OutboxChannel? {
    switch self {
    case .email: .mail
    case .sms: .sms
    default: nil
    }
  }
}
