/// A failed statement: what the caller hears, and the SQLSTATE (five characters, PostgreSQL's Appendix A) by which the driver
/// decides whether to try again.
struct PostgreSQLFailure {
  let state: String
  let error: DatabaseError
  /// The transaction met another one, and the server chose this one to give way.
  let isConflict: Bool

  /// From a result that is not a success. Only the primary message is kept: details quote values of rows.
  init(_ result: borrowing PostgreSQLResult) {
    state = result.errorField("C") ?? ""
    // Two that make the same table at once meet in the catalogue.
    isConflict = state == "40001" || state == "40P01" || (state == "23505" && result.errorField("s") == "pg_catalog")
    let message = "\(result.errorField("M") ?? "no answer from the server") (\(state))"
    switch state {
    case let state where state.hasPrefix("23"): error = .constraint(Self.constraintName(result, state))
    case "25006", "42501": error = .readOnly(message)
    case "53100": error = .full(message)
    case "XX001", "XX002": error = .corrupt(message)
    case "", "40001", "40P01", "55P03", "57014", "0A000": error = .unavailable(message)
    case let state where ["08", "53", "57", "58"].contains(state.prefix(2)): error = .unavailable(message)
    default: error = .failed(message)
    }
  }

  /// "canceling statement due to lock timeout".
  var isLockTimeout: Bool { state == "55P03" }

  /// "cached plan must not change result type": another node has migrated the tables that a prepared statement reads.
  var isStalePlan: Bool { state == "0A000" }

  /// In SQLite's words: `account.username`, several columns separated by a comma.
  private static func constraintName(_ result: borrowing PostgreSQLResult, _ state: String) -> String {
    guard state != "23503" else { return "FOREIGN KEY constraint failed" }
    let table = result.errorField("t") ?? ""
    if let column = result.errorField("c") { return "\(table).\(column)" }
    // "Key (a, b)=(…) already exists.": the names stand in the first parentheses, in every language.
    if state == "23505", let detail = result.errorField("D"),
      let names = detail.split(separator: "(", maxSplits: 1).last?.split(separator: ")").first
    {
      return names.split(separator: ",").map { "\(table).\($0.drop { $0 == " " })" }.joined(separator: ", ")
    }
    return result.errorField("n") ?? table
  }
}
