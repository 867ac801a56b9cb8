import Testing

@testable import Persistence

@Suite("SQL statements")
struct SQLTests {
  /// One place in the program, many values.
  private func named(_ name: String, _ age: Int?) -> SQL { "SELECT \(name) AS name, \(age) AS age" }

  @Test("values stand as numbered parameters, whatever they hold")
  func text() {
    let sql = named("'; DROP TABLE account; --", nil)
    #expect(sql.statement.text == "SELECT $1 AS name, $2 AS age")
    #expect(sql.values == [.text("'; DROP TABLE account; --"), .null])
    #expect(("SELECT 1" as SQL).statement.text == "SELECT 1")
    #expect(("\(1)" as SQL).statement.text == "$1")
    #expect(("\(1)\("b")" as SQL).statement.text == "$1$2")
  }

  @Test("one place is one statement, two places with other texts are two")
  func identity() {
    #expect(named("a", 1).statement == named("b", nil).statement)
    #expect(named("a", 1).statement.hashValue == named("b", 2).statement.hashValue)
    let others: [SQL] = [
      "SELECT \(1)", "SELECT \(1) ", "SELECT \(1)\(2)", "SELECT \(1) a", "SELECT \(1)a", "SELECT 1", "SELECT 2", "a", "b", "\(1)", "",
    ]
    #expect(Set(others.map(\.statement)).count == others.count)
    for sql in others { #expect(others.filter { $0.statement == sql.statement }.map(\.statement.text) == [sql.statement.text]) }
  }

  @Test("a connection prepares one place once")
  func prepared() throws {
    let connection = try SQLiteConnection(path: ":memory:", access: .readWrite, cacheKiB: 64, busyTimeout: .zero)
    let before = connection.statementCount
    for number in 0..<10 {
      let row = try connection.rows(named("name \(number)", number % 2 == 0 ? number : nil)).first
      #expect(try row?.text("name") == "name \(number)")
      #expect(try row?.integerIfPresent("age") == (number % 2 == 0 ? Int64(number) : nil))
    }
    #expect(connection.statementCount == before + 1)
  }
}
