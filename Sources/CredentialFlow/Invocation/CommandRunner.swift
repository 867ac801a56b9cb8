internal import Glibc
internal import Primitives

/// Runs one command line: parses it, reads its input, and carries it out here or in the server that holds the data folder.
struct CommandRunner: Sendable {
  private let parser: CommandParser
  private let environment: [String: String]
  /// How long to wait for another command that holds the data folder.
  private let lockTimeout: Duration

  init(table: [Command], environment: [String: String], lockTimeout: Duration = .seconds(10)) {
    parser = CommandParser(table)
    self.environment = environment
    self.lockTimeout = lockTimeout
  }

  /// `words` without the program's name. Errors are written to `console`.
  func run(_ words: [String], on console: Console) async -> ExitStatus {
    await Self.reporting(to: console) {
      switch try parser.parse(words) {
      case .help(let text):
        console.line(text)
        return .done
      case .run(let invocation):
        let input = try CommandInputReader.read(for: invocation)
        return try await carryOut(invocation, on: console.with(input: input))
      }
    }
  }

  /// Runs a request that came through the control socket in the process that holds `application`.
  func run(_ request: ControlRequest, in application: Application) async -> ControlReply {
    let collected = CollectedOutput(limit: ControlLimit.outputBytes)
    let console = collected.console(isTerminal: request.isTerminal, user: request.user, input: request.input)
    let status = await Self.reporting(to: console) {
      guard case .run(let invocation) = try parser.parse(request.words) else { return .usage }
      switch invocation.command.action {
      case .application(let body): return try await body(invocation, console, application)
      case .inspection(let body): return try await body(invocation, console, application.installation, .success(application))
      case .free, .folder: throw Refusal("'\(invocation.command.name)' runs in the caller's process")
      }
    }
    guard !collected.isTruncated else {
      return ControlReply(status: .refused, output: "", errors: "credentialflow: the answer is too long; ask for less at a time\n")
    }
    return ControlReply(
      status: status, output: String(decoding: collected.output, as: UTF8.self), errors: String(decoding: collected.errors, as: UTF8.self))
  }

  private func carryOut(_ invocation: Invocation, on console: Console) async throws -> ExitStatus {
    if case .free(let body) = invocation.command.action { return try await body(invocation, console) }
    let folder = try DataFolder(for: invocation, environment: environment)
    let installation = Installation(folder: folder, environment: environment)
    switch invocation.command.action {
    case .free(let body): return try await body(invocation, console)
    case .folder(let body): return try await body(invocation, console, installation)
    case .application(let body):
      try folder.require()
      return try await hold(installation, invocation, console) { try await body(invocation, console, try $0.get()) }
    case .inspection(let body):
      guard folder.exists else {
        return try await body(invocation, console, installation, .failure(Refusal("there is no data folder \(folder.path)")))
      }
      return try await hold(installation, invocation, console) { try await body(invocation, console, installation, $0) }
    }
  }

  /// Opens the application here under the folder's lock, or hands the command to the server that has it.
  private func hold(
    _ installation: Installation, _ invocation: Invocation, _ console: Console,
    _ body: (Result<Application, any Error>) async throws -> ExitStatus
  ) async throws -> ExitStatus {
    let folder = installation.folder
    let deadline = ContinuousClock.now + lockTimeout
    while true {
      if let lock = try FolderLock.acquire(folder) {
        defer { lock.release() }
        return try await open(installation, body)
      }
      if let status = try await send(invocation, to: folder, console) { return status }
      guard ContinuousClock.now < deadline else {
        throw Refusal("another command has been working in \(folder.path) for \(lockTimeout.inSeconds) s; try again when it is done")
      }
      // Nothing tells of another process's lock: it is asked for again.
      try await Task.sleep(for: .milliseconds(50))
    }
  }

  private func open(
    _ installation: Installation, _ body: (Result<Application, any Error>) async throws -> ExitStatus
  ) async throws -> ExitStatus {
    let application: Application
    do {
      application = try await Application.open(installation, configuration: try installation.load().configuration)
    } catch {
      return try await body(.failure(error))
    }
    do {
      let status = try await body(.success(application))
      await application.close()
      return status
    } catch {
      await application.close()
      throw error
    }
  }

  /// `nil` where no server listens: the lock's holder is another command.
  private func send(_ invocation: Invocation, to folder: DataFolder, _ console: Console) async throws -> ExitStatus? {
    let request = ControlRequest(words: invocation.words, isTerminal: console.isTerminal, input: console.standardInput)
    let reply: ControlReply?
    do {
      reply = try await ControlClient.send(request, to: folder.controlSocketPath)
    } catch {
      throw Refusal("the running server did not answer: \(error.explanation)")
    }
    guard let reply else { return nil }
    console.forward(reply)
    return reply.status
  }

  /// Turns what a command throws into words and an exit status.
  private static func reporting(to console: Console, _ body: () async throws -> ExitStatus) async -> ExitStatus {
    do {
      return try await body()
    } catch let error as UsageError {
      let subject = error.command.isEmpty ? "" : " \(error.command)"
      console.note("credentialflow: \(error)\nTry `credentialflow\(subject) --help`.")
      return .usage
    } catch {
      console.note("credentialflow: \(error)")
      return .refused
    }
  }
}

extension Console {
  fileprivate func forward(_ reply: ControlReply) {
    if !reply.output.isEmpty { write(reply.output) }
    if !reply.errors.isEmpty { writeErrors(reply.errors) }
  }
}
