private import Primitives

/// Deadlines of many things at 16 bytes each: a ring of slots, each a linked list threaded through arrays.
///
/// Times are ticks. Moving a deadline later only writes a number; the entry is moved when its old slot comes up. That is what
/// keep-alive does on every request.
package struct TimerWheel {
  static let slotCount = 512
  private static let none: Int32 = -1

  private var heads = [Int32](repeating: -1, count: slotCount)
  private var next: [Int32] = []
  private var previous: [Int32] = []
  /// The tick at which the entry is due; 0: none.
  private var due: [UInt32] = []
  /// The tick whose slot the entry stands in; 0: in none.
  private var placed: [UInt32] = []
  private var current: UInt32
  private var count = 0

  package init(now: UInt32) { current = now }

  package var isEmpty: Bool { count == 0 }

  /// Sets or moves the deadline of `id`. One that has passed already comes up at the next tick.
  package mutating func schedule(_ id: Int, at tick: UInt32) {
    grow(to: id)
    let wanted = max(tick, current + 1)
    due[id] = wanted
    guard placed[id] == 0 || placed[id] > wanted else { return }
    unlink(id)
    link(id, at: wanted)
  }

  package mutating func cancel(_ id: Int) {
    guard id < due.count else { return }
    unlink(id)
    due[id] = 0
  }

  /// Moves time on and appends to `expired` what has come due.
  package mutating func advance(to tick: UInt32, expired: inout [Int]) {
    guard tick > current else { return }
    // After a long pause every slot is looked at once, not once per tick.
    let first = max(current + 1, tick > UInt32(Self.slotCount) ? tick - UInt32(Self.slotCount) + 1 : 1)
    for passing in first...tick {
      current = passing
      var entry = heads[Self.slot(passing)]
      while entry != Self.none {
        let id = Int(entry)
        entry = next[id]
        guard placed[id] <= tick else { continue }
        unlink(id)
        if due[id] > tick { link(id, at: due[id]) } else { expired.append(id) }
      }
    }
  }

  /// The next tick at which something may come due; `nil` where nothing waits.
  package var nextTick: UInt32? {
    guard count > 0 else { return nil }
    for distance in 1...UInt32(Self.slotCount) where heads[Self.slot(current + distance)] != Self.none { return current + distance }
    return nil
  }

  private static func slot(_ tick: UInt32) -> Int { Int(tick) & (slotCount - 1) }

  private mutating func grow(to id: Int) {
    while due.count <= id {
      next.append(Self.none)
      previous.append(Self.none)
      due.append(0)
      placed.append(0)
    }
  }

  private mutating func link(_ id: Int, at tick: UInt32) {
    let slot = Self.slot(tick)
    next[id] = heads[slot]
    previous[id] = Self.none
    if heads[slot] != Self.none { previous[Int(heads[slot])] = Int32(id) }
    heads[slot] = Int32(id)
    placed[id] = tick
    count += 1
  }

  private mutating func unlink(_ id: Int) {
    guard placed[id] != 0 else { return }
    if previous[id] != Self.none { next[Int(previous[id])] = next[id] } else { heads[Self.slot(placed[id])] = next[id] }
    if next[id] != Self.none { previous[Int(next[id])] = previous[id] }
    placed[id] = 0
    count -= 1
  }
}

/// Durations in the wheel's ticks.
extension EventLoop {
  /// Rounded up.
  package static func ticks(_ duration: Duration) -> UInt32 {
    UInt32(clamping: (duration.inMicroseconds / 1000 + Int64(tickMilliseconds) - 1) / Int64(tickMilliseconds))
  }
}
