internal import CNGHTTP2
package import HTTP
internal import Primitives

/// What becomes of requests: accepted, answered, refused.
extension HTTP2Connection {
  package enum Acceptance {
    /// An event will say when the body is whole.
    case awaitsBody
    /// It is whole.
    case isWhole
    /// There is no room now; the client was told to ask again.
    case refused
  }

  /// Answers `.route`: the request is wanted. An empty body needs no announcement here, since frames say where it ends.
  package func accept(_ stream: HTTP2Stream, bodyLimit: Int) throws(RequestError) -> Acceptance {
    if let error = stream.error { throw error }
    let announced: Int
    switch stream.head?.framing {
    case .length(let length): announced = length
    case .chunked: announced = stream.isRemoteDone ? stream.body.count : bodyLimit
    case Optional.none, .some(.none): announced = 0
    }
    guard announced <= bodyLimit, stream.body.count <= bodyLimit else { throw .bodyTooLarge }
    let needed = announced + stream.weight
    reservedBytes -= stream.reserved
    stream.reserved = 0
    guard reservedBytes == 0 || reservedBytes + needed <= HTTP2Limit.heldRequests else {
      refuse(stream)
      return .refused
    }
    reservedBytes += needed
    stream.reserved = needed
    stream.bodyLimit = bodyLimit
    stream.phase = stream.isRemoteDone ? .answering : .body
    return stream.isRemoteDone ? .isWhole : .awaitsBody
  }

  /// Of what the requests of a connection may hold together; false where there is no room.
  func reserve(_ count: Int, for stream: HTTP2Stream) -> Bool {
    guard reservedBytes + count <= HTTP2Limit.heldRequests else { return false }
    reservedBytes += count
    stream.reserved += count
    return true
  }

  /// Says what a stream's request takes now.
  func hold(_ count: Int, for stream: HTTP2Stream) {
    heldBytes += count - stream.held
    stream.held = count
  }

  /// There is no room for it now; the client may send it again.
  @discardableResult func refuse(_ stream: HTTP2Stream) -> Int32 {
    reset(stream, NGHTTP2_REFUSED_STREAM)
    return 0
  }

  /// The client did not read its answer in time.
  func cut(_ stream: HTTP2Stream) { reset(stream, NGHTTP2_CANCEL) }

  /// It was answered; the rest of its body is not wanted any more (RFC 9113, section 8.1).
  func stopBody(of stream: HTTP2Stream) { reset(stream, NGHTTP2_NO_ERROR) }

  /// Nothing more comes: whose body is not whole will not be.
  func inputEnds() {
    for stream in streams.values where !stream.isRemoteDone && (stream.phase == .waiting || stream.phase == .body) { cut(stream) }
  }

  /// Ends requests that have been waited for since `tick` or before, for their bodies or for the client to read their answers.
  func dropSlow(since tick: UInt32) {
    for stream in streams.values where stream.held > 0 {
      let isOld = Int32(bitPattern: tick &- stream.waitingSince) >= 0
      switch stream.phase {
      // Nobody looks at those while the client takes no answers.
      case .waiting: refuse(stream)
      case .body where isOld, .sending where isOld: cut(stream)
      case .body, .sending, .fields, .answering, .answered, .closed: break
      }
    }
  }

  /// The body did not come in time.
  func expire(_ stream: HTTP2Stream) {
    guard stream.phase == .body else { return }
    stream.phase = .answering
    emit(.fail(stream, .timeout))
  }

  /// Says `100 Continue`.
  package func sayContinue(_ stream: HTTP2Stream, into output: inout [UInt8]) {
    library.fields.fillContinue()
    submit(&output) { nghttp2_submit_headers(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, nil, $0, $1, nil) }
  }

  /// Hands the answer over. Its fields are in `output` at once, its body follows by `send`.
  package func answer(_ stream: HTTP2Stream, _ response: Response, requestID: String, date: DateHeader, into output: inout [UInt8]) {
    guard stream.phase != .closed, stream.phase != .sending, stream.phase != .answered else { return }
    let isHead = stream.head?.method == .head
    stream.phase = .sending
    library.fields.fill(response, requestID: requestID, date: date, isStrict: library.isStrict)
    allowance.earn(bodyBytes: response.body.count)
    if isHead || response.status.forbidsContent || response.body.isEmpty {
      return submit(&output) { nghttp2_submit_response(session, stream.id, $0, $1, nil) }
    }
    stream.output = response.body
    unsentBytes += stream.output.count
    var provider = nghttp2_data_provider()
    provider.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
    provider.read_callback = HTTP2Callbacks.readBody
    submit(&output) { nghttp2_submit_response(session, stream.id, $0, $1, &provider) }
  }

  /// The answer is made: nothing of the request is held while it waits for the client, but a body that is still to be wiped. The stream
  /// may be over already: nothing is held of that.
  package func forgetRequest(of stream: HTTP2Stream) {
    guard stream.phase != .closed else { return }
    // It moves to the exchange only when it is asked for its answer.
    stream.spent = stream.body.isEmpty ? stream.exchange?.body ?? [] : stream.body
    stream.body = []
    stream.exchange = nil
    stream.dropFields()
    reservedBytes += stream.spent.count - stream.reserved
    stream.reserved = stream.spent.count
    hold(stream.weight + stream.spent.capacity, for: stream)
  }

  func reset(_ stream: HTTP2Stream, _ code: nghttp2_error_code) {
    nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue)
    if stream.phase == .waiting { withdrawRoute(of: stream) }
    if stream.phase != .sending { stream.phase = .closed }
  }

  /// Appends frames to `output`: what controls the connection in any case, bodies only with `bodies`, and then no more than fit.
  package func send(into output: inout [UInt8], bodies: Bool) {
    while nghttp2_session_get_outbound_queue_size(session) > 0 || bodies && output.count < HTTP2Limit.gatheredOutput {
      var frame: UnsafePointer<UInt8>?
      let count = nghttp2_session_mem_send(session, &frame)
      guard count > 0 else { return }
      output.append(contentsOf: UnsafeBufferPointer(start: frame, count: count))
    }
  }

  /// Whether bodies could go on now.
  package var wantsToSend: Bool { nghttp2_session_want_write(session) != 0 }

  /// What a stream held is free again. Bodies may hold passwords; an answer may be made of its request's bytes, so they are wiped no
  /// sooner than here, and later where a responder still reads them. Events of the stream may wait for long yet.
  func release(_ stream: HTTP2Stream) {
    stream.phase = .closed
    if stream.exchange == nil { stream.dropFields() }
    Secret.wipe(&stream.body)
    if stream.task == nil { stream.exchange?.wipe() }
    Secret.wipeStorage(of: stream.spent)
    stream.spent = []
    reservedBytes -= stream.reserved
    stream.reserved = 0
    hold(0, for: stream)
    unsentBytes -= stream.output.count
    stream.output = []
    stream.sent = 0
  }

  /// The names and values are lent to the library until its frame is made, which is at once.
  private func submit(_ output: inout [UInt8], _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Int32) {
    library.vector.removeAll(keepingCapacity: true)
    let lent = UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
    library.fields.bytes.withUnsafeBufferPointer { bytes in
      // libnghttp2 reads through pointers that its header does not call const.
      guard let start = UnsafeMutablePointer(mutating: bytes.baseAddress) else { return }
      for field in library.fields.fields {
        let kind = field.isUnique ? lent | UInt8(NGHTTP2_NV_FLAG_NO_INDEX.rawValue) : lent
        library.vector.append(
          nghttp2_nv(
            name: start + field.name.lowerBound, value: start + field.value.lowerBound, namelen: field.name.count,
            valuelen: field.value.count, flags: kind))
      }
      if body(library.vector, library.vector.count) < 0 { end(.badFrames) }
      send(into: &output, bodies: false)
    }
  }
}

/// Going away (RFC 9113, section 6.8).
extension HTTP2Connection {
  /// Tells the client to open no further stream; those that are on their way are answered.
  package func announceLeaving() {
    guard !isLeaving else { return }
    isLeaving = true
    nghttp2_submit_shutdown_notice(session)
  }

  /// Takes no further stream and ends when the last is answered.
  package func leave() {
    isLeaving = true
    hasAsked = true
    nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR.rawValue, nil, 0)
  }
}
