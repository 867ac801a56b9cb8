internal import Identity
internal import Primitives
internal import Telemetry

/// A server from its start to its end: listeners, control socket, signals, systemd.
struct Service {
  /// systemd waits 90 s before it kills; what is under way ends well before.
  private static let drainTimeout = Duration.seconds(20)

  let application: Application

  /// Names of roles are looked up where they are given; who registers would be the first to hear of one that is not there.
  private func warnOfMissingRoles() async {
    let registration = application.configuration.registration
    guard registration.isEnabled, let missing = try? await application.roles.missing(of: registration.roles), !missing.isEmpty else {
      return
    }
    application.log.warning(
      "registration_role_missing", ("roles", .string(missing.joined(separator: " "))), ("advice", .string("'doctor' says what to do")))
  }

  /// Returns after the last answer is sent.
  func run(listen: String?) async throws {
    let signals = ServiceSignals()
    let application = application
    let notification = ServiceNotification(environment: application.installation.environment)
    let runner = CommandRunner(table: CommandTable.all, environment: application.installation.environment)
    let inherited = try InheritedSockets(environment: application.installation.environment)
    let server = try application.server()
    let addresses = try server.start(listen: listen, inherited: inherited)
    let maintenance = Task { await server.maintain() }
    let delivery = Task { await server.outbox.run() }
    let control = try ControlServer(path: application.installation.folder.controlSocketPath) { await runner.run($0, in: application) }
    await warnOfMissingRoles()
    let status = "listening on \(addresses.joined(separator: ", "))"
    notification.ready(status)
    let watchdog = watch(server, notification)
    for await signal in signals.received {
      guard signal == .reload else { break }
      reload(server, notification, status: status)
    }
    notification.stopping()
    watchdog?.cancel()
    maintenance.cancel()
    control.stop()
    delivery.cancel()
    await server.drain(within: Self.drainTimeout)
    // What it had claimed is given back.
    await delivery.value
  }

  /// Tells systemd that the server is alive only while every event loop answers.
  private func watch(_ server: RunningServer, _ notification: ServiceNotification) -> Task<Void, Never>? {
    guard let interval = notification.watchdogInterval else { return nil }
    return Task {
      while !Task.isCancelled {
        if await server.isAnswering() { notification.alive() }
        try? await Task.sleep(for: interval / 2)
      }
    }
  }

  /// SIGHUP: the rules of decisions and the certificates as they stand now; of each, all of it or none.
  private func reload(_ server: RunningServer, _ notification: ServiceNotification, status: String) {
    notification.reloading()
    do {
      let reloaded = try application.reload()
      server.reload(reloaded.security)
      application.log.info(
        "configuration_reloaded", ("rules", .integer(reloaded.rules)),
        ("restart_for", .string(reloaded.waiting.isEmpty ? "nothing" : reloaded.waiting.joined(separator: ", "))))
    } catch {
      application.log.error("configuration_refused", ("detail", .string("\(error)")))
    }
    notification.ready(status)
  }
}
