import HTTP
import Primitives
import Server
import Synchronization
import Telemetry
import Transport

/// A server on a port of its own, with the routes that the tests ask.
struct Fixture {
  let server: HTTPServer
  let address: ListenAddress
  let log: LogRecorder
  let gate = Gate()

  /// `inheriting`: a listening socket, in place of one of its own.
  init(
    _ change: (inout ServerSettings) -> Void = { _ in }, preflight: (@Sendable (Request) -> Response?)? = nil,
    clients: ClientRules = .direct, tls: LiveTLS? = nil, inheriting: Int32? = nil, log: LogRecorder = LogRecorder()
  ) throws {
    var settings = ServerSettings()
    settings.loops = 2
    change(&settings)
    self.log = log
    server = try HTTPServer(
      settings: settings, routes: Self.routes(gate), preflight: preflight, clients: clients, tls: tls, isStrict: tls != nil,
      log: log.log(), now: .system)
    if let inheriting {
      address = try server.start(on: [], inherited: [try Listener(inheriting: inheriting)])[0]
    } else {
      address = try server.start(on: [.internet(.loopback, port: 0)])[0]
    }
  }

  func client() throws -> Client { try Client(address) }

  /// A client that speaks HTTP/2.
  func frameClient(settings: [(UInt16, UInt32)]? = [], receiveBuffer: Int32? = nil) throws -> FrameClient {
    FrameClient(try Client(address, receiveBuffer: receiveBuffer), settings: settings)
  }

  /// Runs `body` against a server that is drained afterwards.
  static func run(
    _ change: (inout ServerSettings) -> Void = { _ in }, preflight: (@Sendable (Request) -> Response?)? = nil,
    clients: ClientRules = .direct,
    _ body: (Fixture) async throws -> Void
  ) async throws {
    let fixture = try Fixture(change, preflight: preflight, clients: clients)
    do {
      try await body(fixture)
    } catch {
      await fixture.server.drain(within: .milliseconds(50))
      throw error
    }
    await fixture.server.drain(within: .milliseconds(50))
  }

  private static var anyMethod: Route {
    Route(
      nil, "/any/{rest*}", bodyLimit: 100, replacesBadRequestID: true, admit: { _ in nil },
      respond: .loopLocal(LoopLocal { Tally() }, entrance: 7),
      finish: { response, _ in
        var response = response
        response.setHeader("X-Finished", "yes")
        return response
      })
  }

  private static func routes(_ gate: Gate) -> [Route] {
    let open: @Sendable (Request) -> Response? = { _ in nil }
    return [
      Route(.get, "/healthz", bodyLimit: 0, admit: open, respond: .immediate { _ in Response(.ok, body: Array("ok\n".utf8)) }),
      Route(
        .post, "/echo", bodyLimit: 1000, admit: open, respond: .suspending { Response(.ok, body: $0.body) }),
      Route(.post, "/now", bodyLimit: 1000, admit: open, respond: .immediate { Response(.ok, body: $0.body) }),
      Route(
        .get, "/items/{id}/parts/{part}", bodyLimit: 0, admit: open,
        respond: .immediate { Response(.ok, body: Array($0.parameters.joined(separator: "|").utf8)) }),
      Route(
        .get, "/tail/{name}/{rest*}", bodyLimit: 0, admit: open,
        respond: .immediate { Response(.ok, body: Array($0.parameters.joined(separator: "|").utf8)) }),
      Route(
        .post, "/closed", bodyLimit: 1000,
        admit: { Problem(.clientRequired, "Say who you are.").response(requestID: $0.id) },
        respond: .immediate { _ in Response(.ok) }),
      anyMethod,
      Route(
        .get, "/wait", bodyLimit: 0, admit: open,
        respond: .suspending { _ in
          await gate.pass()
          return Response(.ok, body: Array("waited\n".utf8))
        }),
      Route(
        .get, "/large", bodyLimit: 0, admit: open,
        respond: .immediate { _ in Response(.ok, body: [UInt8](repeating: 120, count: 1 << 20)) }),
      Route(
        .get, "/decision", bodyLimit: 0, replacesBadRequestID: true, admit: open,
        respond: .immediate {
          Response(.ok, headers: [("Cache-Control", "max-age=60"), ("X-Bad", "a\r\nSet-Cookie: b")], body: Array($0.id.utf8))
        }),
    ]
  }
}

/// Holds tasks until it is opened, and counts who waits.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  var waitingCount: Int { state.withLock { $0.waiting.count } }

  func pass() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiting.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }

  func open() {
    let waiting = state.withLock { state in
      state.isOpen = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}

/// Counts the requests of its loop; every third is answered by a task.
///
/// `@unchecked Sendable`: touched only on its loop.
final class Tally: LoopResponder, @unchecked Sendable {
  private var count = 0

  func respondNow(to request: Request, at entrance: Int) -> Response? {
    count += 1
    return count % 3 == 0 ? nil : answer(request, entrance)
  }

  func respond(to request: Request, at entrance: Int) async -> Response {
    await Task.yield()
    return answer(request, entrance)
  }

  private func answer(_ request: Request, _ entrance: Int) -> Response {
    var response = Response(.ok, body: Array("\(count) \(entrance) \(String(decoding: request.methodBytes, as: UTF8.self))".utf8))
    response.preparedFields = Array("X-Count: \(count)\r\n".utf8)
    return response
  }
}
