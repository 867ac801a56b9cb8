import Glibc
import Primitives
import Synchronization
import Telemetry
import Testing
import Transport

private final class Load: Sendable {
  let answered = Atomic(0)
  let isOver = Atomic(false)
}

@Suite("certificates in force", .timeLimit(.minutes(2)))
struct ReloadTests {
  /// What can be wrong with a renewal, and what the log says of it.
  static let faults: [(name: String, told: String)] = [
    ("wrong key", "is not the key of"), ("truncated", "is broken"), ("gone", "cannot be read: No such file"),
    ("expired", "expired on"), ("not yet valid", "is not valid before"), ("no PEM", "holds no certificate"),
    ("a key with a password", "without a password"),
  ]

  private func spoil(_ authority: TestAuthority, _ fault: String) async throws {
    switch fault {
    case "wrong key":
      try authority.issue("other")
      authority.replace("server.key", with: "other.key")
    case "truncated":
      let path = authority.path("server.pem")
      truncate(path, 300)
    case "gone": unlink(authority.path("server.key"))
    case "expired": try authority.issue("server", from: -7200, until: -3600)
    case "not yet valid": try authority.issue("server", from: 3600, until: 7200)
    case "no PEM": try authority.write("hello\n", to: "server.pem")
    default:
      let key = authority.path("server.key")
      _ = await Program.run(["openssl", "ec", "-in", key, "-aes128", "-passout", "pass:secret", "-out", key])
    }
  }

  @Test("stay where the next ones are bad, and the log says why", arguments: faults.map(\.name))
  func staysOnFault(fault: String) async throws {
    let told = Self.faults.first { $0.name == fault }?.told ?? "?"
    try await SecureFixture.run { fixture in
      let before = fixture.live.certificates.first?.fingerprint
      try await spoil(fixture.authority, fault)
      fixture.live.refresh()
      #expect(fixture.live.certificates.first?.fingerprint == before)
      let lines = fixture.lines("tls_reload_refused")
      #expect(lines.count == 1 && lines.first?.contains(told) == true, "\(lines)")
      // Not said again for the same files; what is asked for by hand is answered.
      fixture.live.refresh()
      #expect(fixture.lines("tls_reload_refused").count == 1)
      #expect(!fixture.live.reload())
      #expect(await fixture.openssl().contains("HTTP/1.1 200 OK"))
      try fixture.authority.issue("server", for: ["renewed.example"])
      fixture.live.refresh()
      #expect(await fixture.servedSubject() == "subject=CN = renewed.example")
    }
  }

  @Test("keep a server from starting where they cannot work; dates and self-signed ones warn", arguments: faults.map(\.name))
  func start(fault: String) async throws {
    let authority = try TestAuthority()
    let settings = SecureFixture.settings(try authority.issue("server"))
    try await spoil(authority, fault)
    let recorder = LogRecorder()
    let log = recorder.log()
    let told = Self.faults.first { $0.name == fault }?.told ?? "?"
    if ["expired", "not yet valid"].contains(fault) {
      _ = try LiveTLS(settings, listener: "test", protocols: [.http1], log: log, now: .system)
      log.flush()
      #expect(recorder.lines.contains { $0.contains("tls_warning") && $0.contains(told) })
    } else {
      #expect {
        try LiveTLS(settings, listener: "test", protocols: [.http1], log: log, now: .system)
      } throws: {
        "\($0)".contains(told)
      }
    }
  }

  @Test("that are for another name than clients ask for warn at the start, and take the place of none that is for it")
  func otherName() async throws {
    let authority = try TestAuthority()
    var settings = SecureFixture.settings(try authority.issue("server", for: ["other.example"]))
    settings.host = "auth.example.com"
    let recorder = LogRecorder()
    let log = recorder.log()
    let live = try LiveTLS(settings, listener: "test", protocols: [.http1], log: log, now: .system)
    #expect(!live.isForHost)
    try authority.issue("server", for: ["*.example.com"])
    #expect(live.reload() && live.isForHost)
    try authority.issue("server", for: ["other.example"])
    #expect(!live.reload() && live.isForHost)
    log.flush()
    let told = "no certificate is for auth.example.com"
    #expect(recorder.lines.count { $0.contains("tls_warning") && $0.contains(told) } == 1)
    #expect(recorder.lines.count { $0.contains("tls_reload_refused") && $0.contains(told) } == 1)
  }

  @Test("warn where they are signed by themselves")
  func selfSigned() async throws {
    try await SecureFixture.run {
      SecureFixture.settings(try $0.issue("server", isOwn: true))
    } _: { fixture in
      #expect(fixture.lines("tls_warning").contains { $0.contains("signed by itself") })
      #expect(await fixture.openssl().contains("HTTP/1.1 200 OK"))
    }
  }

  @Test("are exchanged under load, and no request fails")
  func underLoad() async throws {
    try await SecureFixture.run { fixture in
      let old = try SecureClient(fixture.address)
      let load = Load()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          group.addTask {
            while !load.isOver.load(ordering: .relaxed) {
              let client = try SecureClient(fixture.address)
              for _ in 0..<10 {
                try client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                guard try client.answer().status == 200 else { throw TestAuthority.Failure(what: "answer") }
                load.answered.wrappingAdd(1, ordering: .relaxed)
              }
              await Task.yield()
            }
          }
        }
        group.addTask {
          defer { load.isOver.store(true, ordering: .relaxed) }
          for number in 0..<20 {
            // At least a hundred requests, on ten new connections, between one certificate and the next.
            let before = load.answered.load(ordering: .relaxed)
            while load.answered.load(ordering: .relaxed) < before + 100 { await Task.yield() }
            try fixture.authority.issue("next", for: ["n\(number).example"])
            fixture.authority.replace("server.key", with: "next.key")
            fixture.authority.replace("server.pem", with: "next.pem")
            guard fixture.live.reload() else { throw TestAuthority.Failure(what: "reload") }
            await Task.yield()
          }
        }
        try await group.waitForAll()
      }
      #expect(await fixture.servedSubject() == "subject=CN = n19.example")
      try old.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try old.answer().status == 200)
    }
  }
}
