internal import CNGHTTP2
package import HTTP

/// The rules of one HTTP/2 connection (RFC 9113): libnghttp2 takes the frames apart and keeps the windows, this makes requests of them
/// and frames of answers. Bytes, answers and ticks go in, events and bytes come out; no I/O, no clock.
///
/// Events are gathered while bytes are read and handed out afterwards, so that nothing of the server's runs inside the library.
///
/// Confined to its loop, as everything of a connection.
package final class HTTP2Connection {
  package enum Event {
    /// Find its route, then call `accept` or `answer`.
    case route(HTTP2Stream)
    /// The body is whole: call `answer`, now or later.
    case respond(HTTP2Stream)
    /// Answer with this problem.
    case fail(HTTP2Stream, RequestError)
    /// The stream was reset for this without an answer.
    case malformed(HTTP2Stream, RequestError)
    /// The client, or the library, has ended a stream that was routed and not answered.
    case gone(HTTP2Stream)
  }

  /// Why the connection has to end.
  enum Fault: String {
    case tooManyResets, tooManyControlFrames, fieldsTooLarge, fieldsTooSlow, badFrames
  }

  let library: HTTP2Library
  let streamLimit: Int
  /// Streams that the client and we have not both ended.
  var streams: [Int32: HTTP2Stream] = [:]
  package var openCount: Int { streams.count }
  private(set) var fault: Fault?
  /// Whether everything that the client sent before our notice of going away has arrived.
  var isNoticeHeard = false
  var isLeaving = false
  /// Whether a PING follows, or has followed, the notice; the last GOAWAY needs none.
  var hasAsked = false
  /// Streams whose answers were sent before their bodies came, until somebody gives them a time.
  var answeredEarly: [HTTP2Stream] = []
  package internal(set) var unsentBytes = 0
  package internal(set) var reservedBytes = 0
  /// What requests take that are not answered, or whose answers are not sent.
  package internal(set) var heldBytes = 0
  var allowance = HTTP2Allowance()
  private(set) var session: OpaquePointer?
  private var events = HTTP2Events()
  /// The stream whose block is being read.
  private var reading: HTTP2Stream?
  private var scanner = FrameScanner()

  /// `nil` only where memory is out.
  package init?(_ library: HTTP2Library, streamLimit: Int) {
    self.library = library
    self.streamLimit = streamLimit
    let user = Unmanaged.passUnretained(self).toOpaque()
    guard nghttp2_session_server_new2(&session, library.callbacks, user, library.options) == 0 else { return nil }
    let settings = [
      (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, UInt32(streamLimit)), (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP2Limit.fieldList),
      (NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
    ].map { nghttp2_settings_entry(settings_id: Int32($0.rawValue), value: $1) }
    nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
  }

  deinit { nghttp2_session_del(session) }

  /// Takes all of `bytes`. What they meant stands in `nextEvent`.
  package func receive(_ bytes: Span<UInt8>, at tick: UInt32) {
    guard fault == nil, !bytes.isEmpty else { return }
    guard allowance.takeControlFrames(scanner.scan(bytes), at: tick) else { return end(.tooManyControlFrames) }
    let count = bytes.withUnsafeBufferPointer { nghttp2_session_mem_recv(session, $0.baseAddress, $0.count) }
    switch count {
    case 0...: break
    case Int(NGHTTP2_ERR_FLOODED.rawValue), Int(NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue): end(.tooManyControlFrames)
    default: end(.badFrames)
    }
  }

  /// Whether the client has begun a block of fields, or another frame that is no body, and has not ended it.
  var isAwaitingFields: Bool { scanner.isMidway }

  package func nextEvent() -> Event? { events.next() }
  var hasEvents: Bool { !events.isEmpty }
  func emit(_ event: Event) { events.append(event) }
  func withdrawRoute(of stream: HTTP2Stream) { events.withdrawRoute(of: stream) }

  /// What is kept of requests, with the one whose fields are being read.
  var keptBytes: Int { heldBytes + (reading?.block.memory ?? 0) }

  /// The client does what no honest one does.
  func end(_ fault: Fault) {
    guard self.fault == nil else { return }
    self.fault = fault
    let code = fault == .badFrames ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_ENHANCE_YOUR_CALM
    nghttp2_session_terminate_session(session, code.rawValue)
  }

  /// Whether nothing more can come of it.
  package var isOver: Bool { nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0 }
}

/// What the library tells, in the order in which it does. A negative result ends the reading.
extension HTTP2Connection {
  func blockBegins(_ id: Int32, isRequest: Bool) -> Int32 {
    if isRequest {
      let stream = HTTP2Stream(id: id)
      streams[id] = stream
      reading = stream
    } else {
      reading = streams[id]
      reading?.trailers = TrailerBlock()
    }
    return 0
  }

  func field(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Int32 {
    guard let reading else { return 0 }
    if reading.trailers == nil {
      reading.block.take(name, value)
      if reading.block.listSize > HTTP2Limit.hostileFieldList { return abort(.fieldsTooLarge) }
    } else {
      reading.trailers?.take(name, value)
      if reading.trailers?.total ?? 0 > HTTP2Limit.hostileFieldList { return abort(.fieldsTooLarge) }
    }
    return 0
  }

  func blockEnds(endsStream: Bool) -> Int32 {
    guard let stream = reading else { return 0 }
    reading = nil
    if endsStream { stream.isRemoteDone = true }
    if let trailers = stream.trailers {
      if let error = endsStream ? trailers.error : .trailersNotLast { refuse(stream, error) } else { bodyEnds(stream) }
      return 0
    }
    do throws(RequestError) {
      let head = try stream.block.head(endsHere: endsStream)
      guard reserve(HTTP2Limit.streamItself + head.headers.memory, for: stream) else { return refuse(stream) }
      stream.head = head
      hold(stream.weight, for: stream)
      stream.phase = .waiting
      emit(.route(stream))
    } catch {
      let path = stream.block.knownPath
      stream.block = FieldBlock()
      if let path, reserve(path.utf8.count, for: stream) { stream.unroutedPath = path }
      hold(stream.weight, for: stream)
      refuse(stream, error)
    }
    return 0
  }

  func data(_ id: Int32, _ bytes: UnsafeBufferPointer<UInt8>) -> Int32 {
    if let stream = streams[id], stream.phase == .answered || stream.phase == .sending {
      stream.unread += bytes.count
      if stream.unread > HTTP2Limit.unreadBody, stream.phase == .answered { stopBody(of: stream) }
      return 0
    }
    guard let stream = streams[id], stream.phase == .waiting || stream.phase == .body else { return 0 }
    // Nobody has asked yet what its route takes, and that may be long, if answers wait for the client's windows.
    if stream.phase == .waiting, !reserve(bytes.count, for: stream) { return refuse(stream) }
    if case .length(let length) = stream.head?.framing, stream.body.count + bytes.count > length {
      refuse(stream, .lengthMismatch)
    } else if stream.body.count + bytes.count > stream.bodyLimit {
      refuse(stream, .bodyTooLarge)
    } else {
      stream.body.append(contentsOf: bytes)
      hold(stream.weight + stream.body.capacity, for: stream)
    }
    return 0
  }

  func dataEnds(_ id: Int32, endsStream: Bool) -> Int32 {
    if endsStream, let stream = streams[id] {
      stream.isRemoteDone = true
      bodyEnds(stream)
    }
    return 0
  }

  func streamCloses(_ id: Int32, code: UInt32) -> Int32 {
    guard let stream = streams.removeValue(forKey: id) else { return 0 }
    let phase = stream.phase
    if phase == .waiting { withdrawRoute(of: stream) }
    release(stream)
    if phase == .sending || phase == .answered || phase == .closed { return 0 }
    if phase == .body || phase == .answering { emit(.gone(stream)) }
    return allowance.takeReset() ? 0 : abort(.tooManyResets)
  }

  /// The library resets the stream, or ends the connection.
  func frameIsRefused() -> Int32 { allowance.takeReset() ? 0 : abort(.tooManyResets) }

  func answerSent(_ id: Int32) -> Int32 {
    if let stream = streams[id], !stream.isRemoteDone {
      stream.phase = .answered
      answeredEarly.append(stream)
    }
    return 0
  }

  /// A PING that follows the notice comes back after everything that the client sent before it read it.
  func noticeSent() -> Int32 {
    if isLeaving, !hasAsked {
      hasAsked = true
      nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    }
    return 0
  }

  func pingReturns() -> Int32 {
    isNoticeHeard = hasAsked
    return 0
  }

  private func abort(_ fault: Fault) -> Int32 {
    end(fault)
    return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
  }

  private func bodyEnds(_ stream: HTTP2Stream) {
    guard stream.phase == .waiting || stream.phase == .body else { return }
    if case .length(let length) = stream.head?.framing, stream.body.count != length {
      return refuse(stream, .lengthMismatch)
    }
    if stream.phase == .body {
      stream.phase = .answering
      emit(.respond(stream))
    }
  }

  private func refuse(_ stream: HTTP2Stream, _ error: RequestError) {
    guard stream.phase != .sending, stream.phase != .answered, stream.phase != .closed, stream.phase != .answering else { return }
    if error.isMalformedMessage {
      reset(stream, NGHTTP2_PROTOCOL_ERROR)
      emit(.malformed(stream, error))
      if !allowance.takeReset() { end(.tooManyResets) }
    } else if stream.phase == .waiting {
      // Its route is not known yet; `accept` says so.
      stream.error = error
    } else {
      stream.phase = .answering
      emit(.fail(stream, error))
    }
  }
}
