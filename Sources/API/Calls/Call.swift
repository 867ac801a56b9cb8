internal import Defense
internal import HTTP
internal import Identity
internal import Journal
internal import Primitives

/// A request that has passed every check before its endpoint.
struct Call: Sendable {
  let request: Request
  let caller: Caller
  let provenance: Provenance
  let pacing: Pacing
  let paceClass: PaceClass

  /// For endpoints that authenticate the application themselves: whether it may go on just now.
  func admit(_ application: Application) throws(Problem) { try pacing.admit(application, to: request, paceClass) }

  /// For what a call needs beside the permission of its route.
  func allows(_ needed: OwnPermission) -> Bool {
    guard case .holder(let standing) = caller, let permission = needed.permission else { return false }
    return standing.active.allows(permission)
  }

  /// The path's parameter at `position`, where it is an identifier; anything else names no `noun`.
  func identifier<Subject>(_ noun: String, at position: Int = 0) throws -> Identifier<Subject> {
    guard position < request.parameters.count, let identifier = Identifier<Subject>(request.parameters[position]) else {
      throw Problem.unknown(noun)
    }
    return identifier
  }

  /// Where the route takes an application and one is named.
  var application: Application? { if case .application(let application) = caller { application } else { nil } }

  /// The user's session, on a route whose access is `.user`.
  func live() throws(Problem) -> LiveSession {
    guard case .user(let live) = caller else { throw Problem(.invalidToken, "This call takes a user's access token.") }
    return live
  }

  /// The `User-Agent`, cut to what is stored.
  var userAgent: String { String((request.headers["user-agent"] ?? "").unicodeScalars.prefix(200)) }
}

/// Who is calling, as far as the route's `Access` asks.
enum Caller: Sendable {
  case anyone
  case application(Application)
  case user(LiveSession)
  /// By an enrolment token.
  case enrollee(Enrollee)
  /// Where the route asks for a permission.
  case holder(Standing)

  var actor: Provenance.Actor {
    switch self {
    case .anyone: .anonymous
    case .application(let application): .application(application.clientID)
    case .user(let live): .account("\(live.account.id)")
    case .enrollee(let enrollee): .account("\(enrollee.account.id)")
    case .holder(let standing):
      if case .application = standing.holder { .application(standing.subject) } else { .account(standing.subject) }
    }
  }
}

extension Provenance {
  /// Of what a request does, in the name of whom it has proven to be from.
  init(actor: Actor, of request: Request) {
    self.init(actor: actor, requestID: request.id, address: request.client.description, ray: request.client.edge?.ray ?? "")
  }
}

/// One endpoint: reads its input from the call, makes one call into a use case, turns the outcome into a response. What it
/// throws becomes a problem in `Problems.swift`.
protocol Endpoint: Sendable {
  func respond(to call: Call) async throws -> Response
}
