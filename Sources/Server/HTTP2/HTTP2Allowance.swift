/// What a client may ask for besides requests. Each kind costs us something and the client next to nothing, so it is rationed by the
/// work that the client lets us do: a flood runs dry, an honest client never notices.
struct HTTP2Allowance {
  /// Streams that may end without an answer, over those that had one (CVE-2023-44487, CVE-2025-8671).
  static let mostResets = 200
  /// PING, SETTINGS, PRIORITY, WINDOW_UPDATE, RST_STREAM, CONTINUATION, empty DATA and unknown frames within one period.
  static let mostControlFrames = 1000
  static let perRequest = 20
  static let periodTicks: UInt32 = 100

  private var resets = mostResets
  private var controlFrames = mostControlFrames
  private var periodStart: UInt32 = 0

  /// A stream ended before it was answered. `false`: one too many.
  mutating func takeReset() -> Bool {
    resets -= 1
    return resets >= 0
  }

  mutating func takeControlFrames(_ count: Int, at tick: UInt32) -> Bool {
    if tick &- periodStart >= Self.periodTicks {
      periodStart = tick
      controlFrames = max(controlFrames, Self.mostControlFrames)
    }
    controlFrames -= count
    return controlFrames >= 0
  }

  /// A request was answered with a body of so many bytes, which the client acknowledges in pieces of its choice.
  mutating func earn(bodyBytes: Int) {
    resets = min(resets + 1, Self.mostResets)
    controlFrames = min(controlFrames + Self.perRequest + bodyBytes / 1024, 10 * Self.mostControlFrames)
  }
}
