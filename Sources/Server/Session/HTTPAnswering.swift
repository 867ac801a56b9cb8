internal import HTTP
internal import Primitives
internal import Transport

/// One request of an HTTP/1 connection and its answer.
extension HTTPSession {
  func route(_ head: RequestHead) {
    let exchange = Exchange(head, from: clients.client(of: head.headers, context), in: context)
    if let response = exchange.find(in: context, connection) {
      machine.refuse(head)
      return answer(exchange, response)
    }
    current = exchange
    accept(exchange)
  }

  func respond(_ body: [UInt8]) {
    current?.body = body
    switch current?.reply(in: context) {
    case nil: break
    case .now(let response): complete(response)
    case .later(let make): task = Task(executorPreference: context.loop) { [self] in resume(await make()) }
    }
  }

  /// Answers what is no request, or not in time; then the connection closes.
  func fail(_ error: RequestError) {
    let exchange = current
    current = nil
    machine.answered()
    guard let exchange else {
      let answer = UnroutedAnswer(error, path: machine.path, from: clients.own, in: context)
      write(answer.response, answer.requestID, isHead: false, isOld: false)
      return answer.record(in: context)
    }
    let response = exchange.finished(error.problem.response(requestID: exchange.requestID))
    write(response, exchange.requestID, isHead: exchange.isHead, isOld: false)
    exchange.record(response, reason: "\(error)", in: context)
  }

  /// The answer of a suspending responder, from its task.
  private func resume(_ response: Response) {
    guard context.loop.isCurrent else { return context.loop.execute { [self] in resume(response) } }
    task = nil
    complete(response)
    if !connection.isClosed { processPending() }
  }

  private func complete(_ response: Response) {
    guard let exchange = current else { return }
    current = nil
    defer { exchange.wipe() }
    // The answer to a client that went away goes nowhere, least of all into the buffer that all of the loop's connections share.
    guard !connection.isClosed else { return exchange.record(response, reason: "the client went away", in: context) }
    machine.answered()
    answer(exchange, response)
  }

  private func accept(_ exchange: Exchange) {
    do throws(RequestError) {
      try machine.accept(bodyLimit: exchange.bodyLimit, isBodyOptional: exchange.isBodyOptional)
      if exchange.head.expectsContinue, exchange.head.hasBody { context.output.append(contentsOf: ResponseEncoder.continueLine) }
    } catch {
      if case .fail(let error) = machine.fail(error) { fail(error) }
    }
  }

  private func answer(_ exchange: Exchange, _ answer: Response) {
    let response = exchange.finished(answer)
    write(response, exchange.requestID, isHead: exchange.isHead, isOld: exchange.head.minorVersion == 0)
    exchange.record(response, in: context)
  }

  private func write(_ response: Response, _ requestID: String, isHead: Bool, isOld: Bool) {
    guard !connection.isClosed else { return }
    let isPersistent = machine.phase != .closing
    context.date.update(context.now())
    ResponseEncoder.encode(
      response,
      ResponseEncoder.Context(
        requestID: requestID, isHead: isHead, isPersistent: isPersistent, announcesPersistence: isOld, isStrict: context.isStrict),
      date: context.date, into: &context.output)
  }
}
