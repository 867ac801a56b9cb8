package import HTTP

/// One line of the route table.
package struct Route: Sendable {
  /// `nil`: any, those that the server does not know too.
  package let method: Method?
  /// Exact segments, `{name}` for one segment, `{name*}` at the end for the rest of the path as sent: `/auth/sessions/{id}`.
  package let pattern: String
  /// Bytes. 0: a body is refused with 413.
  package let bodyLimit: Int
  /// Whether a request may announce no body at all, where others are asked for its length.
  package let isBodyOptional: Bool
  /// Whether a malformed `X-Request-ID` is replaced instead of refused: decisions, which must not fail for it.
  package let replacesBadRequestID: Bool
  /// Whether a process of this machine may ask where everybody else has to come through the edge: a health check.
  package let isProbe: Bool
  let admit: @Sendable (Request) -> Response?
  let respond: Responder
  let finish: (@Sendable (Response, Request) -> Response)?

  /// `admit` runs on the loop when the fields are in and before the body is read: `nil` goes on, an answer ends it. `finish`
  /// completes every answer of the route, the server's own refusals included, and those of requests whose head was wrong.
  ///
  /// A route for any method does not ask for a length (411): what stands in its body, nobody promised to use.
  package init(
    _ method: Method?, _ pattern: String, bodyLimit: Int, isBodyOptional: Bool = false, replacesBadRequestID: Bool = false,
    isProbe: Bool = false, admit: @escaping @Sendable (Request) -> Response?, respond: Responder,
    finish: (@Sendable (Response, Request) -> Response)? = nil
  ) {
    self.method = method
    self.pattern = pattern
    self.bodyLimit = bodyLimit
    self.isBodyOptional = isBodyOptional
    self.replacesBadRequestID = replacesBadRequestID
    self.isProbe = isProbe
    self.admit = admit
    self.respond = respond
    self.finish = finish
  }
}

/// How a route makes its answer.
package enum Responder: Sendable {
  /// On the loop; must not block and must be quick, for every other connection of the loop waits.
  case immediate(@Sendable (Request) -> Response)
  /// In a task on the loop's executor; whatever waits, waits there.
  case suspending(@Sendable (Request) async -> Response)
  /// On the loop, by what was made for this loop alone. `entrance` tells the routes that share it apart.
  case loopLocal(LoopLocal, entrance: Int)
}

/// What answers on one loop only, and so may remember without a lock. A protocol, because the server stands below all who answer.
package protocol LoopResponder: AnyObject, Sendable {
  /// From memory, at once; `nil` where `respond` has to be asked.
  func respondNow(to request: Request, at entrance: Int) -> Response?
  /// In a task on the loop.
  func respond(to request: Request, at entrance: Int) async -> Response
}

/// Makes one `LoopResponder` for each loop; known by its identity.
package final class LoopLocal: Sendable {
  let make: @Sendable () -> any LoopResponder

  package init(_ make: @escaping @Sendable () -> any LoopResponder) { self.make = make }
}
