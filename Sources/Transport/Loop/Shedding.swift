internal import CLinux
internal import Glibc
internal import Primitives

/// What would be lost if a connection were closed now.
package enum ConnectionWorth: Sendable, Equatable {
  /// Between two requests: whoever is there comes again.
  case idle
  /// The peer is being waited for: for the rest of its request or handshake, or to read its answer.
  case waiting
  /// A request is being answered.
  case busy
}

/// What a loop keeps back, and knows, for the time when something runs out. Touched only on its loop.
struct Pressure {
  /// Connections that have had enough of one turn.
  var postponed: [Connection] = []
  /// Bytes of answers that wait for their readers.
  var heldOutput = 0
  var mostHeldOutput = Int.max
  /// Bytes of requests that are not whole, or not answered.
  var heldInput = 0
  var mostHeldInput = Int.max
  /// Who is slow was looked for at this tick.
  var slowDroppedAt: UInt32?
  var isRelieving = false
  /// Connections over the most that are being told so.
  var refusals = 0
  /// Nobody could be spared at this tick, so that it is not asked again for every connection of a flood.
  var nobodySparedAt: UInt32?
  /// A descriptor to give up when there is none left: with it one connection after the other can be taken and told so, where
  /// otherwise they would wait in the queue, and the listener be ready all the time.
  private var spare: Int32

  static let mostRefusals = 64

  init() { spare = Self.open() }

  /// Whether a descriptor was given up.
  mutating func giveUpSpare() -> Bool {
    guard spare >= 0 else { return false }
    Glibc.close(spare)
    spare = -1
    return true
  }

  mutating func restoreSpare() { if spare < 0 { spare = Self.open() } }

  func close() { if spare >= 0 { Glibc.close(spare) } }

  private static func open() -> Int32 { Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC) }
}

/// Making room.
///
/// The order: who is idle, the longest first; then who has kept us waiting for more than a second, the longest first, for an honest
/// client sends its request at once and reads its answer. Who is being answered is never closed for another.
extension EventLoop {
  private static let mostSparedAtOnce = 32
  /// Ticks.
  private static let patience: UInt32 = 10
  /// Of who has been idle for less the kernel delivers what is on its way.
  private static let deliveryPatience: UInt32 = 100

  /// Closes up to 32 connections of this loop for the sake of new ones; whether there was one.
  func makeRoom() -> Bool {
    guard pressure.nobodySparedAt != tick else { return false }
    var candidates = openConnections.filter { $0.worth == .idle }
    if candidates.isEmpty { candidates = openConnections.filter { $0.worth == .waiting && tick &- $0.phaseBegan >= Self.patience } }
    guard !candidates.isEmpty else {
      pressure.nobodySparedAt = tick
      return false
    }
    candidates.sort { $0.phaseBegan < $1.phaseBegan }
    for connection in candidates.prefix(Self.mostSparedAtOnce) {
      if tick &- connection.phaseBegan >= Self.deliveryPatience { connection.drop() } else { connection.close() }
    }
    return true
  }

  func postpone(_ connection: Connection) { pressure.postponed.append(connection) }

  /// Counts bytes that a connection keeps for a slow reader. Past the most, those go that have waited longest for theirs.
  func hold(_ count: Int) {
    pressure.heldOutput += count
    guard pressure.heldOutput > pressure.mostHeldOutput else { return }
    for connection in openConnections.filter(\.hasOutput).sorted(by: { $0.phaseBegan < $1.phaseBegan }) {
      connection.drop()
      if pressure.heldOutput <= pressure.mostHeldOutput / 4 * 3 { return }
    }
  }

  /// Past the most that requests may take before they are answered: what has kept us waiting for more than a second goes, and where that
  /// is not enough, the largest requests of those who hold the most together, so that one connection of many people stays.
  func relieveInput() {
    // What is let go of says so, and would come back here.
    guard !pressure.isRelieving else { return }
    pressure.isRelieving = true
    defer { pressure.isRelieving = false }
    if pressure.slowDroppedAt != tick {
      pressure.slowDroppedAt = tick
      for connection in openConnections where connection.heldInput > 0 { connection.dropSlowInput(since: tick &- Self.patience) }
    }
    guard pressure.heldInput > pressure.mostHeldInput else { return }
    let holders = openConnections.filter { $0.heldInput > 0 }
    let ofSite = Dictionary(holders.map { ($0.peer.address?.site, $0.heldInput) }, uniquingKeysWith: +)
    // What its site holds in KiB, times the bytes of one of its requests.
    func weight(_ connection: Connection) -> Int {
      (ofSite[connection.peer.address?.site] ?? 0) / 1024 * (connection.heldInput / connection.heldRequests)
    }
    for (connection, _) in holders.map({ ($0, weight($0)) }).sorted(by: { $0.1 > $1.1 }) {
      connection.drop()
      if pressure.heldInput <= pressure.mostHeldInput / 4 * 3 { return }
    }
  }

  /// Tells a connection that there is no room for it, where few are being told just now, and closes it.
  func refuse(_ socket: Socket, _ peer: PeerAddress, with answer: () -> [UInt8]) {
    guard pressure.refusals < Pressure.mostRefusals, case let answer = answer(), !answer.isEmpty,
      let connection = add(socket, peer, nil)
    else { return socket.close() }
    pressure.refusals += 1
    answer.withUnsafeBytes { connection.write($0) }
    connection.closeGently(within: .seconds(1))
  }
}
