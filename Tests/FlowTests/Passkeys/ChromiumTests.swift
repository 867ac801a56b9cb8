import FoundationEssentials
import Glibc
import Testing

@testable import CredentialFlow

/// What `Scripts/install-dependencies test` brings; where it is absent there is nothing to run.
private enum Chromium {
  static let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let python = checkout.appending(path: ".build/python/bin/python").path
  static let script = checkout.appending(path: "Tests/Browser/passkeys.py").path
  static let isInstalled = [python, "/usr/bin/chromium", "/usr/bin/chromedriver"].allSatisfy { (path: String) in access(path, X_OK) == 0 }

  /// A listening socket for a page: bound from now on, so that nothing else takes its port before the script serves it. The caller
  /// closes it.
  static func pageSocket() -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    let port = FreePort.bind(descriptor, to: 0) ?? 0
    listen(descriptor, 16)
    return (descriptor, port)
  }

  /// Runs the script; returns its exit status and what it printed.
  static func run(_ arguments: [String], inheriting descriptors: [Int32], output: String) async throws -> (Int32, String) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // To itself: no longer closed by exec.
    for descriptor in descriptors { posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor) }
    let argv = ([python, script] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in argv { free(pointer) } }
    var child: pid_t = 0
    try #require(posix_spawn(&child, python, &actions, nil, argv, environ) == 0)
    var status: Int32 = 0
    let ended = await ChildProcess.eventually { waitpid(child, &status, WNOHANG) == child }
    if !ended { kill(child, SIGKILL) }
    return (ended ? status : -1, String(decoding: try FileBytes.read(output, limit: 1 << 20), as: UTF8.self))
  }
}

@Suite(
  "A real Chromium",
  .enabled(if: Chromium.isInstalled, "chromium, its driver or selenium is missing: Scripts/install-dependencies test"))
struct ChromiumTests {
  @Test("Chromium registers, signs in beside a password and alone; a counter that went back and an unknown page are refused")
  func passkeys() async throws {
    let listening = [Chromium.pageSocket(), Chromium.pageSocket()]
    let sockets = listening.map(\.descriptor)
    defer { for descriptor in sockets { close(descriptor) } }
    let pages = listening.map { "http://localhost:\($0.port)" }
    let settings = [
      "webauthn.rpId": "localhost", "webauthn.origins": "[\"\(pages[0])\"]",
      "cors.origins": "[\"\(pages[0])\",\"\(pages[1])\"]",
    ]
    try await World.run(settings) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      let proofs = [try world.proof(person, token), try world.proof(person, token)]
      let (status, printed) = try await Chromium.run(
        ["http://127.0.0.1:\(world.port)", "\(sockets[0])", "\(sockets[1])", client.apiKey, person.name, person.password, token] + proofs,
        inheriting: sockets, output: "\(world.path)/chromium.log")
      #expect(status == 0, "\(printed)")
      #expect(printed.split(separator: "\n").count == 7, "\(printed)")
      #expect(try await world.audit("factor.counter_rollback").count == 1)
    }
  }
}
