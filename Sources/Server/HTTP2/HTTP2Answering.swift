internal import HTTP
internal import Primitives
internal import Transport

/// One request of an HTTP/2 connection and its answer.
extension HTTP2Session {
  func handle(_ event: HTTP2Connection.Event) {
    switch event {
    case .route(let stream): route(stream)
    case .respond(let stream): respond(stream)
    case .fail(let stream, let error): fail(stream, error)
    case .malformed(let stream, let error): recordMalformed(stream, error)
    case .gone(let stream): abandon(stream)
    }
  }

  /// A responder at work still reads its request; `complete` wipes it then.
  func abandon(_ stream: HTTP2Stream) { stream.task?.cancel() }

  private func route(_ stream: HTTP2Stream) {
    guard let head = stream.head else { return }
    deadlines.requestComes()
    let exchange = Exchange(head, from: clients.client(of: head.headers, context), in: context)
    let refusal = exchange.find(in: context, connection)
    stream.exchange = exchange
    if let refusal { return answer(stream, exchange, refusal) }
    // Streams that were reset are none any more, but their responders still run (CVE-2023-44487).
    guard runningCount < context.settings.streams else {
      frames.refuse(stream)
      return
    }
    do throws(RequestError) {
      switch try frames.accept(stream, bodyLimit: exchange.bodyLimit) {
      case .isWhole: respond(stream)
      case .refused: break
      case .awaitsBody:
        if head.expectsContinue { frames.sayContinue(stream, into: &context.output) }
        stream.waitingSince = context.loop.tick
        stream.dueAt = deadlines.begin(deadlines.bodyTicks, at: context.loop.tick)
      }
    } catch {
      fail(stream, error)
    }
  }

  private func respond(_ stream: HTTP2Stream) {
    stream.exchange?.body = stream.body
    stream.body = []
    switch stream.exchange?.reply(in: context) {
    case nil: break
    case .now(let response): complete(stream, response)
    case .later(let make):
      runningCount += 1
      stream.task = Task(executorPreference: context.loop) { [self] in resume(stream, await make()) }
    }
  }

  private func resume(_ stream: HTTP2Stream, _ response: Response) {
    guard context.loop.isCurrent else { return context.loop.execute { [self] in resume(stream, response) } }
    stream.task = nil
    runningCount -= 1
    complete(stream, response)
    proceed()
  }

  private func complete(_ stream: HTTP2Stream, _ response: Response) {
    guard let exchange = stream.exchange else { return }
    guard !connection.isClosed, stream.phase != .closed else {
      exchange.wipe()
      return exchange.record(response, reason: "the client went away", in: context)
    }
    answer(stream, exchange, response)
  }

  /// Answers what is no request, or not in time.
  private func fail(_ stream: HTTP2Stream, _ error: RequestError) {
    guard let exchange = stream.exchange else {
      let answer = UnroutedAnswer(error, path: stream.unroutedPath, from: clients.own, in: context)
      write(stream, answer.response, answer.requestID)
      return answer.record(in: context)
    }
    let response = exchange.finished(error.problem.response(requestID: exchange.requestID))
    write(stream, response, exchange.requestID)
    exchange.record(response, reason: "\(error)", in: context)
  }

  private func answer(_ stream: HTTP2Stream, _ exchange: Exchange, _ answer: Response) {
    let response = exchange.finished(answer)
    write(stream, response, exchange.requestID)
    exchange.record(response, in: context)
  }

  private func write(_ stream: HTTP2Stream, _ response: Response, _ requestID: String) {
    context.date.update(context.now())
    frames.answer(stream, response, requestID: requestID, date: context.date, into: &context.output)
    frames.forgetRequest(of: stream)
    stream.waitingSince = context.loop.tick
    stream.dueAt = deadlines.begin(deadlines.writeTicks, at: context.loop.tick)
  }

  private func recordMalformed(_ stream: HTTP2Stream, _ error: RequestError) {
    if let exchange = stream.exchange {
      return exchange.record(
        error.problem.response(requestID: exchange.requestID), reason: "\(error)", in: context)
    }
    UnroutedAnswer(error, path: nil, from: clients.own, in: context).record(in: context)
  }
}
