import Glibc
import Primitives
import Testing
import Transport

@Suite("a TLS handshake", .timeLimit(.minutes(2)))
struct HandshakeTests {
  @Test("is made in TLS 1.2 and 1.3, by openssl and by curl", arguments: [("1.2", "-tls1_2"), ("1.3", "-tls1_3")])
  func versions(version: String, option: String) async throws {
    try await SecureFixture.run { fixture in
      let text = await fixture.openssl(option)
      #expect(text.contains("TLSv\(version), Cipher is"), "\(text)")
      #expect(text.contains("Verify return code: 0 (ok)"))
      #expect(text.contains("Server Temp Key: X25519"))
      #expect(text.contains("HTTP/1.1 200 OK"))
      #expect(text.contains("Strict-Transport-Security: max-age=31536000"))
      let curl = await Program.run([
        "curl", "-sS", "--cacert", fixture.authority.path("ca.pem"), "--tlsv\(version)", "--tls-max", version,
        "https://localhost:\(fixture.port)/healthz",
      ])
      #expect(curl == "ok\n")
    }
  }

  @Test(
    "is refused below TLS 1.2, and with suites that have no forward secrecy or no authenticated encryption",
    arguments: [
      ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
      ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"],
      ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0"],
      ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], ["-tls1_3", "-groups", "P-521"],
    ])
  func refused(options: [String]) async throws {
    try await SecureFixture.run { authority in
      SecureFixture.settings(try authority.issue("server"), try authority.issue("rsa", .rsa))
    } _: { fixture in
      let words = ["openssl", "s_client", "-connect", "127.0.0.1:\(fixture.port)"] + options
      let text = await Program.run(words)
      #expect(text.contains("alert") && text.contains("Cipher is (NONE)"), "\(text)")
    }
  }

  @Test("agrees on a protocol that both speak, and on none ends with the alert for it")
  func negotiates() async throws {
    try await SecureFixture.run(protocols: [.http2, .http1]) { fixture in
      #expect(await fixture.openssl("-alpn", "http/1.1,h2", request: false).contains("ALPN protocol: h2"))
      #expect(await fixture.openssl("-alpn", "http/1.1").contains("ALPN protocol: http/1.1"))
    }
    try await SecureFixture.run { fixture in
      #expect(await fixture.openssl("-alpn", "h2,http/1.1").contains("ALPN protocol: http/1.1"))
      #expect(await fixture.openssl("-alpn", "h2").contains("tlsv1 alert no application protocol"))
    }
  }

  @Test("leads to HTTP/2 for curl, nghttp and h2load, and to HTTP/1.1 for who asks for that")
  func leadsToHTTP2() async throws {
    try await SecureFixture.run(protocols: [.http2, .http1]) { fixture in
      let url = "https://localhost:\(fixture.port)/healthz"
      let curl = ["curl", "-sS", "--cacert", fixture.authority.path("ca.pem"), "-w", "%{http_version} %{response_code}", url]
      #expect(await Program.run(curl + ["--http2"]) == "ok\n2 200")
      #expect(await Program.run(curl + ["--http1.1"]) == "ok\n1.1 200")
      let streams = await Program.run(["nghttp", "-nv", "-m", "3", url])
      #expect(streams.contains("negotiated protocol: h2") && streams.components(of: ":status: 200") == 3, "\(streams)")
      let load = await Program.run(["h2load", "-n", "300", "-c", "3", "-m", "50", url])
      #expect(load.contains("300 succeeded, 0 failed, 0 errored") && load.contains("Application protocol: h2"), "\(load)")
    }
  }

  @Test("is resumed by a ticket of the newest key and of the one before, by no other", arguments: ["-tls1_2", "-tls1_3"])
  func resumes(version: String) async throws {
    try await SecureFixture.run { fixture in
      let ticket = fixture.authority.path("ticket")
      #expect(await fixture.openssl(version, "-sess_out", ticket).contains("New, TLS"))
      #expect(await fixture.openssl(version, "-sess_in", ticket).contains("Reused, TLS"))
      fixture.tickets.rotate()
      #expect(await fixture.openssl(version, "-sess_in", ticket).contains("Reused, TLS"))
      #expect(fixture.live.reload())
      #expect(await fixture.openssl(version, "-sess_in", ticket).contains("Reused, TLS"))
      fixture.tickets.rotate()
      #expect(await fixture.openssl(version, "-sess_in", ticket).contains("New, TLS"))
      // By themselves the keys grow old too.
      #expect(await fixture.openssl(version, "-sess_out", ticket).contains("New, TLS"))
      fixture.clock.advance(by: TicketKeys.lifetime * 2)
      #expect(await fixture.openssl(version, "-sess_in", ticket).contains("New, TLS"))
    }
  }

  @Test("chooses the certificate by the name, and the kind of key by what the client can")
  func chooses() async throws {
    try await SecureFixture.run { authority in
      SecureFixture.settings(
        try authority.issue("first", for: ["one.example"]), try authority.issue("second", for: ["*.two.example", "two.example"]),
        try authority.issue("third", for: ["two.example", "*.two.example"], .rsa), try authority.issue("fourth", for: ["one.example"]))
    } _: { fixture in
      for (name, subject) in [
        ("one.example", "one.example"), ("TWO.example", "*.two.example"), ("x.two.example", "*.two.example"),
        ("a.b.two.example", "one.example"), ("unknown.example", "one.example"),
      ] {
        #expect(await fixture.openssl("-servername", name).contains("subject=CN = \(subject)\n"), "\(name)")
      }
      #expect(await fixture.openssl("-noservername").contains("subject=CN = one.example"))
      let rsa = await fixture.openssl("-servername", "x.two.example", "-sigalgs", "RSA-PSS+SHA256")
      #expect(rsa.contains("Peer signature type: RSA-PSS") && rsa.contains("CN = two.example"))
      #expect(fixture.lines("tls_warning").contains { $0.contains("fourth.pem is never shown") })
    }
  }

  @Test("staples the authority's word while it is fresh, and does without when it is not, or is no such thing")
  func staples() async throws {
    let authority = try TestAuthority()
    try authority.issue("server")
    let chain = try [authority.path("server.pem"), authority.path("ca.pem")].map { try text(of: $0) }.joined()
    try authority.write(chain, to: "chain.pem")
    let serial = await Program.run(["openssl", "x509", "-in", authority.path("server.pem"), "-noout", "-serial"])
    let number = serial.trimmingPrefix("serial=").filter { $0 != "\n" }
    try authority.write("V\t491231235959Z\t\t\(number)\tunknown\t/CN=localhost\n", to: "index.txt")
    let ca = authority.path("ca.pem")
    _ = await Program.run([
      "openssl", "ocsp", "-index", authority.path("index.txt"), "-CA", ca, "-rsigner", ca, "-rkey", authority.path("ca.key"), "-issuer",
      ca, "-cert", authority.path("server.pem"), "-ndays", "1", "-respout", authority.path("ocsp.der"),
    ])
    // By another digest than the usual one.
    _ = await Program.run([
      "openssl", "ocsp", "-index", authority.path("index.txt"), "-CA", ca, "-rsigner", ca, "-rkey", authority.path("ca.key"), "-issuer",
      ca, "-sha256", "-cert", authority.path("server.pem"), "-ndays", "1", "-respout", authority.path("sha256.der"),
    ])
    try authority.write("rubbish", to: "rubbish.der")
    for (file, isStapled) in [("ocsp.der", true), ("sha256.der", true), ("rubbish.der", false), ("absent.der", false)] {
      try await SecureFixture.run { _ in
        SecureFixture.settings(
          .init(
            certificateFile: authority.path("chain.pem"), keyFile: authority.path("server.key"), ocspFile: authority.path(file)))
      } _: { fixture in
        for version in ["-tls1_2", "-tls1_3"] {
          let text = await fixture.openssl("-status", version)
          #expect(text.contains("OCSP Response Status: successful") == isStapled, "\(file) \(text)")
          #expect(text.contains("HTTP/1.1 200 OK"))
        }
        #expect(fixture.lines("tls_warning").contains { $0.contains("no OCSP response is stapled") } == !isStapled)
        fixture.clock.advance(by: .days(2))
        #expect(await fixture.openssl("-status").contains("OCSP response: no response sent"))
      }
    }
  }

  @Test("is never made a second time on a connection")
  func renegotiation() async throws {
    try await SecureFixture.run { fixture in
      let words = ["openssl", "s_client", "-connect", "127.0.0.1:\(fixture.port)", "-tls1_2"]
      let text = await Program.run(words, input: "R\n")
      #expect(text.contains("RENEGOTIATING") && text.contains("no renegotiation"), "\(text)")
    }
  }

  @Test("that is a plain request is answered 400 and closed")
  func plainHTTP() async throws {
    try await SecureFixture.run { fixture in
      let client = try Client(fixture.address)
      client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      let answer = try client.answer()
      #expect(answer.status == 400)
      #expect(answer.body == "This port speaks TLS: use https.\n")
      client.finishSending()
      #expect(try client.isAtEnd())
      fixture.live.refresh()
      #expect(fixture.lines("tls_handshakes_failed").contains { $0.contains("http request: 1") })
    }
  }

  private func text(of path: String) throws -> String {
    guard let file = fopen(path, "r") else { throw TestAuthority.Failure(what: path) }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
  }
}

extension String {
  /// How often `part` stands here.
  fileprivate func components(of part: String) -> Int { split(separator: part, omittingEmptySubsequences: false).count - 1 }
}
