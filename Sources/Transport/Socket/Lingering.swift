/// How long a connection that has said its last waits for the peer to take it: as long as the peer takes any of it now and then, and sixty
/// times the time that was given at the most. It counts as a connection meanwhile, and makes room for others.
struct Lingering {
  private static let mostRounds: UInt8 = 60
  /// In a row, in which nothing was taken: a packet that is lost twice takes some seconds.
  private static let mostStalls: UInt8 = 5

  private var unsent: Int32 = 0
  private var rounds: UInt8 = 0
  private var stalls: UInt8 = 0
  private var timeout = Duration.zero

  mutating func begin(_ unsent: Int32, _ timeout: Duration) {
    self.unsent = unsent
    self.timeout = timeout
  }

  /// The time has passed: how much more there is, `nil` for none.
  mutating func goesOn(_ unsent: Int32) -> Duration? {
    rounds += 1
    stalls = unsent < self.unsent ? 0 : stalls + 1
    self.unsent = unsent
    return unsent > 0 && stalls < Self.mostStalls && rounds < Self.mostRounds ? timeout : nil
  }
}
