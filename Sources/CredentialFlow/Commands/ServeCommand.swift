internal import Glibc
internal import JSON
internal import Primitives
internal import Telemetry
internal import Transport

/// `serve`: the server, until SIGTERM or SIGINT.
enum ServeCommand {
  static let row = Command(
    "serve", "Runs the server until SIGTERM or SIGINT",
    options: [.value("listen", "HOST:PORT", "the public listener, over `listen` of the configuration; port 0 takes a free one")],
    examples: ["serve", "serve --listen 127.0.0.1:8080 --data ./data"],
    action: .folder { invocation, console, installation in
      if let listen = invocation.value("listen"), ListenAddress(listen) == nil {
        throw invocation.wrong("--listen takes HOST:PORT or unix:PATH, not '\(listen)'")
      }
      let folder = installation.folder
      try folder.require()
      guard let lock = try FolderLock.acquire(folder) else {
        throw Refusal("another server or command is working in \(folder.path); one at a time")
      }
      defer { lock.release() }
      let configuration = try installation.load().configuration
      if installation.environment["LISTEN_FDS"] == nil { try configuration.refuseOneAddressForBoth(listen: invocation.value("listen")) }
      let application = try await Application.open(installation, configuration: configuration, log: Log(descriptor: STDOUT_FILENO))
      DescriptorLimit.raise()
      let service = Service(application: application)
      do {
        try await service.run(listen: invocation.value("listen"))
      } catch {
        await application.close()
        throw error
      }
      await application.close()
      return .done
    })
}
