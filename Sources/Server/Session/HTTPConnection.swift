internal import HTTP

/// The rules of one HTTP/1.1 connection (RFC 9112, section 9): what may follow what. Bytes and verdicts go in, actions come out;
/// no I/O, no clock.
///
///              ┌────────────── answered, persistent ───────────────┐
///              ▼                                                   │
///     idle ─byte─▶ head ─▶ routing ─accept─▶ body ─▶ answering ────┤
///       │           │         │                │                   │ not persistent, or draining
///       │           │         └─refuse─▶ skipping ─body over─▶ idle│
///       │           └─ error ──────────┴── error ──▶ refusing ─────┤
///       └─ end, deadline, drain ───────────────────────────────────┴──▶ closing
///
/// One request at a time: what is pipelined waits, unread, until the answer before it was given, so answers keep their order and a
/// client cannot pile up work.
struct HTTPConnection {
  enum Phase: Equatable {
    case idle, head, routing, body, skipping, answering, refusing, closing
  }

  enum Action {
    /// All bytes are used, or none may be used now.
    case wait
    /// Route it, then call `accept` or `refuse`.
    case route(RequestHead)
    /// Answer it, then call `answered`.
    case respond(body: [UInt8])
    /// Answer with this problem, then call `answered`.
    case fail(RequestError)
  }

  /// Bodies of refused requests up to this size are read for the sake of the connection; longer ones end it.
  static let longestSkippedBody = 65_536

  private(set) var phase = Phase.idle
  /// Whether the answer in the making may be followed by another request.
  private(set) var isPersistent = true
  /// Whether no request has come yet.
  private(set) var isFresh = true
  private var parser = RequestParser()

  /// Ends the connection after the request at hand, or the next one where there is none.
  var isDraining = false

  /// Bytes of memory that are kept of a request that is not whole.
  var memory: Int { parser.memory }

  /// Reads on from `position`.
  mutating func next(_ bytes: Span<UInt8>, from position: inout Int) -> Action {
    switch phase {
    case .routing, .answering, .refusing, .closing: return .wait
    case .idle, .head, .body, .skipping: break
    }
    do throws(RequestError) {
      switch try parser.next(bytes, from: &position) {
      case .needsMoreBytes:
        if phase == .idle || phase == .head { phase = parser.isInHead ? .head : .idle }
        return .wait
      case .head(let head):
        phase = .routing
        isFresh = false
        isPersistent = head.isPersistent && !isDraining
        return .route(head)
      case .body(let body):
        if phase == .skipping {
          phase = .idle
          return next(bytes, from: &position)
        }
        phase = .answering
        return .respond(body: body)
      }
    } catch { return fail(error) }
  }

  /// The path of the request whose fields are being read, or were wrong.
  var path: String? { parser.path }

  /// The request is wanted: its body is read next.
  mutating func accept(bodyLimit: Int, isBodyOptional: Bool) throws(RequestError) {
    try parser.accept(bodyLimit: bodyLimit, isBodyOptional: isBodyOptional)
    phase = .body
  }

  /// The request was answered before its body was read. The connection goes on where the body is short and on its way; a client
  /// that waits for `100 Continue` may send it or not, and nobody could tell.
  mutating func refuse(_ head: RequestHead) {
    if head.hasBody, head.expectsContinue || !parser.skipBody(upTo: Self.longestSkippedBody) {
      isPersistent = false
    } else if !head.hasBody {
      _ = parser.skipBody(upTo: 0)
    }
    phase = isPersistent ? .skipping : .closing
  }

  /// The answer was handed to the socket.
  mutating func answered() {
    phase = phase == .answering && isPersistent && !isDraining ? .idle : .closing
  }

  /// Nothing the client sends is trusted any more.
  mutating func fail(_ error: RequestError) -> Action {
    let isSilent = phase == .skipping
    isPersistent = false
    phase = isSilent ? .closing : .refusing
    return isSilent ? .wait : .fail(error)
  }

  /// The deadline of the current phase has passed: a client that has begun a request is told so, any other just loses the line.
  mutating func expire() -> Action {
    switch phase {
    case .head, .body: return fail(.timeout)
    default:
      phase = .closing
      return .wait
    }
  }
}
