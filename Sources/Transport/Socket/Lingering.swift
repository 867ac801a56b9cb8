/// How long a connection that has said its last waits for the peer to take it: as long as the peer takes any of it, and no longer than
/// sixteen times the time that was given.
struct Lingering {
  private static let mostRounds: UInt8 = 16

  private var unsent: Int32 = 0
  private var rounds: UInt8 = 0
  private var timeout = Duration.zero

  mutating func begin(_ unsent: Int32, _ timeout: Duration) {
    self.unsent = unsent
    self.timeout = timeout
  }

  /// The time has passed: how much more there is, `nil` for none.
  mutating func goesOn(_ unsent: Int32) -> Duration? {
    rounds += 1
    guard unsent > 0, unsent < self.unsent, rounds < Self.mostRounds else { return nil }
    self.unsent = unsent
    return timeout
  }
}
