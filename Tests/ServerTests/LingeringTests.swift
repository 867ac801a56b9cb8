import Testing

@testable import Transport

struct LingeringTests {
  @Test(
    "a connection that has said its last waits while the peer takes any of it, and not for ever",
    arguments: [
      ([0], 0), ([900, 0], 0), ([900, 500, 100, 0], 3 - 1), ([900] + Array(repeating: 900, count: 9), 4),
      ([900, 900, 900, 900, 900, 800, 800, 800, 800, 800, 800], 9), (Array((0...90).reversed()), 59),
    ] as [([Int32], Int)])
  func waits(unsent: [Int32], rounds: Int) {
    var lingering = Lingering()
    lingering.begin(unsent[0], .seconds(2))
    let goneOn = unsent.dropFirst().prefix { lingering.goesOn($0) == .seconds(2) }
    #expect(goneOn.count == rounds)
  }
}
