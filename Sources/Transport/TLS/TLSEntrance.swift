internal import COpenSSL
internal import CTLS
package import Primitives

/// One loop's door to TLS: makes a handshake for each connection, and keeps them within bounds. Touched only on its loop.
package final class TLSEntrance {
  /// Steps of handshakes in one turn of the loop. A step may cost a signature, and those who are in already wait for its end.
  private static let mostStepsPerTurn = 8

  let live: LiveTLS
  /// Said to who speaks plain HTTP here.
  let plainAnswer: [UInt8]
  private var underWay = 0
  private var underWayBySite: [IPAddress: Int] = [:]
  private var turn: UInt64 = 0
  private var steps = 0

  package init(_ live: LiveTLS, plainAnswer: [UInt8]) {
    self.live = live
    self.plainAnswer = plainAnswer
  }

  package func handshake(for peer: PeerAddress) -> any ConnectionStage { TLSHandshake(self, peer) }

  /// `false` where too many are under way.
  func begin(_ peer: PeerAddress) -> Bool {
    let settings = live.settings
    let site = peer.address?.site
    let ofSite = site.map { underWayBySite[$0, default: 0] } ?? 0
    guard underWay < settings.handshakes, ofSite < settings.handshakesPerAddress else { return false }
    underWay += 1
    if let site { underWayBySite[site] = ofSite + 1 }
    return true
  }

  func end(_ peer: PeerAddress) {
    underWay -= 1
    guard let site = peer.address?.site, let ofSite = underWayBySite[site] else { return }
    underWayBySite[site] = ofSite > 1 ? ofSite - 1 : nil
  }

  /// Whether this turn has room for a step more.
  func mayStep(inTurn turn: UInt64) -> Bool {
    if turn != self.turn {
      self.turn = turn
      steps = 0
    }
    steps += 1
    return steps <= Self.mostStepsPerTurn
  }
}

/// The handshake of one connection. Nothing is kept for it before the client's first byte.
///
///     waiting ──first byte──▶ under way ──▶ done: the socket is secured
///                               └──▶ failed (with OpenSSL's alert), deadline, plain HTTP (answered 400)
final class TLSHandshake: ConnectionStage {
  /// Bytes that a client may send before the handshake is done: a long hello and a chain of certificates.
  private static let budget = 64 << 10

  private let entrance: TLSEntrance
  private let peer: PeerAddress
  private var context: TLSContext?
  /// Ours until the socket has it.
  private var secured: OpaquePointer?
  private var reason: String?

  init(_ entrance: TLSEntrance, _ peer: PeerAddress) {
    self.entrance = entrance
    self.peer = peer
  }

  var timeout: Duration { entrance.live.settings.handshakeTimeout }

  func advance(_ connection: Connection) -> StageOutcome {
    guard let secured = secured ?? begin(connection) else { return .failed }
    guard entrance.mayStep(inTurn: connection.loop.turn) else { return .later }
    switch cf_tls_handshake(secured) {
    case 1: return finish(secured, connection)
    case Int32(CF_TLS_BLOCKED): return .waiting
    case Int32(CF_TLS_AGAIN): return .later
    default:
      let code = cf_tls_reason()
      reason = code == 0 ? "the client went away" : TLSError.reason(code)
      ERR_clear_error()
      return cf_tls_is_plain_http(code) != 0 ? .refused(entrance.plainAnswer) : .failed
    }
  }

  func ended(_ end: StageEnd) {
    if let secured { SSL_free(secured) }
    secured = nil
    let isCounted = context != nil
    if isCounted { entrance.end(peer) }
    context = nil
    switch end {
    case .done: break
    case .failed: entrance.live.tally.add(reason ?? "out of memory")
    case .timedOut: if isCounted { entrance.live.tally.add("timed out") }
    case .closed: if isCounted { entrance.live.tally.add("closed") }
    }
  }

  private func begin(_ connection: Connection) -> OpaquePointer? {
    guard entrance.begin(peer) else {
      reason = "too many at once"
      return nil
    }
    let context = entrance.live.context
    self.context = context
    secured = context.connection(on: connection.socket.descriptor, budget: Self.budget)
    return secured
  }

  /// The last look at the client's certificate: a session that is resumed brings one that was verified in another handshake.
  private func finish(_ secured: OpaquePointer, _ connection: Connection) -> StageOutcome {
    guard let context else { return .failed }
    var proof: ClientCertificate?
    if context.demand != .off {
      let certificate = SSL_get0_peer_certificate(secured)
      if let certificate {
        let isInTime = X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0
        guard SSL_get_verify_result(secured) == X509_V_OK, isInTime else { return refuse("the client's certificate has expired") }
        proof = ClientCertificate(subject: X509Facts.subject(of: certificate), fingerprint: X509Facts.fingerprint(of: certificate))
      } else if context.demand == .required {
        return refuse("the client showed no certificate")
      }
    }
    connection.security = ConnectionSecurity(context, negotiatedProtocol: Self.negotiated(secured), clientCertificate: proof)
    connection.socket.secured = secured
    self.secured = nil
    return .done
  }

  private func refuse(_ reason: String) -> StageOutcome {
    self.reason = reason
    return .failed
  }

  private static func negotiated(_ secured: OpaquePointer) -> ApplicationProtocol? {
    var name: UnsafePointer<UInt8>?
    var length: UInt32 = 0
    SSL_get0_alpn_selected(secured, &name, &length)
    guard let name, length > 0 else { return nil }
    return ApplicationProtocol(rawValue: String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self))
  }
}
