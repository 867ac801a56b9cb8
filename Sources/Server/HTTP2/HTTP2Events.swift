/// What has happened on a connection and nobody has looked at yet, in its order. It may wait for as long as the client takes no answers.
struct HTTP2Events {
  private var events: [HTTP2Connection.Event] = []
  private var first = 0

  var isEmpty: Bool { first == events.count }

  mutating func append(_ event: HTTP2Connection.Event) { events.append(event) }

  mutating func next() -> HTTP2Connection.Event? {
    guard first < events.count else {
      events.removeAll(keepingCapacity: true)
      first = 0
      return nil
    }
    first += 1
    return events[first - 1]
  }

  /// A stream is over before it was routed: nobody has to look at it.
  mutating func withdrawRoute(of stream: HTTP2Stream) {
    func isIt(_ event: HTTP2Connection.Event) -> Bool { if case .route(let waiting) = event { waiting === stream } else { false } }
    if let index = events[first...].lastIndex(where: isIt) { events.remove(at: index) }
  }
}
