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

  /// Ports that are free now.
  static func freePorts(_ count: Int) -> [UInt16] {
    let sockets = (0..<count).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
    defer { for descriptor in sockets { close(descriptor) } }
    return sockets.map { descriptor in
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = inet_addr("127.0.0.1")
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      return withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
          _ = bind(descriptor, pointer, size)
          _ = getsockname(descriptor, pointer, &size)
        }
        return UInt16(bigEndian: pointer.pointee.sin_port)
      }
    }
  }

  /// Runs the script; returns its exit status and what it printed.
  static func run(_ arguments: [String], output: String) async throws -> (Int32, String) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
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
    let ports = Chromium.freePorts(2)
    let pages = ports.map { "http://localhost:\($0)" }
    let settings = [
      "webauthn.rpId": "localhost", "webauthn.origins": "[\"\(pages[0])\"]",
      "cors.origins": "[\"\(pages[0])\",\"\(pages[1])\"]",
    ]
    try await World.run(settings) { world in
      let (person, client) = (try await world.addPerson(), try await world.addClient())
      let token = try world.signedIn(person, client).token()
      let proofs = [try world.proof(person, token), try world.proof(person, token)]
      let (status, printed) = try await Chromium.run(
        ["http://127.0.0.1:\(world.port)", "\(ports[0])", "\(ports[1])", client.apiKey, person.name, person.password, token] + proofs,
        output: "\(world.path)/chromium.log")
      #expect(status == 0, "\(printed)")
      #expect(printed.split(separator: "\n").count == 7, "\(printed)")
      #expect(try await world.audit("factor.counter_rollback").count == 1)
    }
  }
}
