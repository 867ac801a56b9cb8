internal import Primitives
private import Synchronization

/// How many connections are open, in all and per address (IPv6: per /64), shared by the loops of a server. Unix-domain peers count
/// in all only.
package final class ConnectionQuota: Sendable {
  private struct Counts {
    var total = 0
    var refused = 0
    var perSite: [IPAddress: Int] = [:]
  }

  /// Taken once when a connection opens and once when it closes, never per request.
  private let counts = Mutex(Counts())
  private let most: Int
  private let mostPerSite: Int

  package init(most: Int, mostPerAddress: Int) {
    self.most = most
    mostPerSite = mostPerAddress
  }

  package var open: Int { counts.withLock { $0.total } }

  /// How many were refused so far.
  package var refused: Int { counts.withLock { $0.refused } }

  enum Admission { case taken, full, siteFull }

  func countRefusal() { counts.withLock { $0.refused += 1 } }

  func take(for peer: PeerAddress) -> Admission {
    counts.withLock { counts in
      let site = peer.address?.site
      let ofSite = site.map { counts.perSite[$0, default: 0] } ?? 0
      guard ofSite < mostPerSite else { return .siteFull }
      guard counts.total < most else { return .full }
      counts.total += 1
      if let site { counts.perSite[site] = ofSite + 1 }
      return .taken
    }
  }

  /// Counts a connection under another address, which has become known. `false`, and nothing changes, where that one has as many as it
  /// may.
  func move(from peer: PeerAddress, to other: PeerAddress) -> Bool {
    counts.withLock { counts in
      let site = other.address?.site
      let ofSite = site.map { counts.perSite[$0, default: 0] } ?? 0
      guard site == peer.address?.site || ofSite < mostPerSite else {
        counts.refused += 1
        return false
      }
      Self.forget(peer, &counts)
      if let site { counts.perSite[site, default: 0] += 1 }
      return true
    }
  }

  func giveBack(for peer: PeerAddress) {
    counts.withLock { counts in
      counts.total -= 1
      Self.forget(peer, &counts)
    }
  }

  private static func forget(_ peer: PeerAddress, _ counts: inout Counts) {
    guard let site = peer.address?.site, let ofSite = counts.perSite[site] else { return }
    counts.perSite[site] = ofSite > 1 ? ofSite - 1 : nil
  }
}
