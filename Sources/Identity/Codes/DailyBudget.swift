internal import Persistence
internal import Primitives

/// What may be spent in one day (UTC), over all nodes and restarts: the rows of `delivery_budget`.
struct DailyBudget {
  private let db: any Transaction

  init(_ db: any Transaction) { self.db = db }

  /// Takes one; false where `budget` are taken already.
  func spend(_ name: String, of budget: Int, at instant: Instant) throws(DatabaseError) -> Bool {
    let day = instant.unixSeconds / 86_400
    return try db.row(
      """
      INSERT INTO delivery_budget (name, day, spent) VALUES (\(name), \(day), \(1))
      ON CONFLICT (name, day) DO UPDATE SET spent = delivery_budget.spent + 1 WHERE delivery_budget.spent < \(budget)
      RETURNING spent
      """) != nil
  }

  /// Forgets the days before yesterday; returns how many.
  func prune(at instant: Instant) throws(DatabaseError) -> Int {
    try db.rows("DELETE FROM delivery_budget WHERE day < \(instant.unixSeconds / 86_400 - 1) RETURNING day").count
  }
}
