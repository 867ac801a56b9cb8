package import HTTP
internal import Primitives

/// One request of an HTTP/2 connection and its answer.
///
///     fields ─block whole─▶ waiting ─accept─▶ body ─end─▶ answering ─answer─▶ sending ─all sent─▶ closed
///        └──────error──────────┴───────────────┴─error, refusal─────────────▶ sending      ▲
///        │                     │               │                                └─all sent, body not─▶ answered ─end, time, size─▶ closed
///        └─────────────────────┴───────────────┴──────reset, by either side───────────────┘
///
/// An answer that is sent before the body has come is not followed by a reset at once, as RFC 9113, section 8.1, allows: clients that
/// are still sending (curl before 8) lose the answer by it. What comes is read and thrown away, for a while.
///
/// `@unchecked Sendable`: touched only on its loop; the task of a suspending responder carries it along.
package final class HTTP2Stream: @unchecked Sendable {
  enum Phase { case fields, waiting, body, answering, sending, answered, closed }

  package let id: Int32
  var phase = Phase.fields
  var block = FieldBlock()
  var trailers: TrailerBlock?
  package internal(set) var head: RequestHead?
  /// Of a request that is refused before it is routed, where it got that far.
  package internal(set) var unroutedPath: String?
  /// What is wrong with what came after the head, while the head waits.
  var error: RequestError?
  /// The client has said its last.
  var isRemoteDone = false

  var body: [UInt8] = []
  var bodyLimit = Int.max
  /// Bytes of the body that came after the answer.
  var unread = 0
  /// What it may take of `HTTP2Limit.heldRequests`, and what it takes.
  var reserved = 0
  var held = 0
  /// The tick at which its body, or the reading of its answer, began to be waited for.
  var waitingSince: UInt32 = 0

  var exchange: Exchange?
  /// The request's body after its answer was made, whose bytes may be the answer's: wiped when that is sent.
  var spent: [UInt8] = []
  var task: Task<Void, Never>?

  /// The answer's body and how much of it was sent.
  var output: [UInt8] = []
  var sent = 0
  /// The loop's tick at which the client's patience with a body, or ours with its reading, is over; 0: none.
  var dueAt: UInt32 = 0

  init(id: Int32) { self.id = id }

  var unsent: Int { output.count - sent }

  /// Bytes of memory without its bodies.
  var weight: Int { HTTP2Limit.streamItself + (head?.headers.memory ?? 0) + (unroutedPath?.utf8.count ?? 0) }

  func dropFields() {
    head = nil
    unroutedPath = nil
    block = FieldBlock()
  }
}
