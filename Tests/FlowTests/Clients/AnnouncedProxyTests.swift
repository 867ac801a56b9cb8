import Testing

@testable import CredentialFlow

@Suite("Clients that HAProxy announces")
struct AnnouncedProxyTests {
  @Test(
    "HAProxy announces its clients before their first byte, in both versions, with checksum and extensions",
    arguments: [
      "send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority",
    ])
  func announced(_ header: String) async throws {
    try #require(GatewayProgram.haproxy.executable != nil)
    let proxies = #"[{"networks":["127.0.0.1"],"dialect":"proxy-protocol"}]"#
    try await RealProxyTests.run(.haproxy, proxies: proxies) { _, listen, daemon in
      ProxyFile.haproxy(to: daemon, listen: listen, header: header)
    } _: { world, proxy in
      try RealProxyTests.ask(proxy, source: 7, requests: 3)
      // Nothing in the requests counts any more.
      try RealProxyTests.ask(proxy, source: 8, RealProxyTests.spoofs)
      #expect(try await RealProxyTests.clients(world, 4) == ["127.0.0.7", "127.0.0.7", "127.0.0.7", "127.0.0.8"])
    }
  }

  @Test("behind HAProxy's header the one who is named may himself be a proxy")
  func chained() async throws {
    try #require(GatewayProgram.haproxy.executable != nil)
    let proxies = #"""
      [{"networks":["127.0.0.1"],"dialect":"proxy-protocol"},{"networks":["127.0.0.8"],"dialect":"cloudflare"},
       {"networks":["127.0.0.0/28"],"dialect":"x-forwarded-for"}]
      """#
    try await RealProxyTests.run(.haproxy, proxies: proxies) { _, listen, daemon in
      ProxyFile.haproxy(to: daemon, listen: listen, header: "send-proxy-v2")
    } _: { world, proxy in
      let headers = [("CF-Connecting-IP", "203.0.113.1"), ("X-Forwarded-For", "203.0.113.2")]
      try RealProxyTests.ask(proxy, source: 8, headers)
      try RealProxyTests.ask(proxy, source: 9, headers)
      try RealProxyTests.ask(proxy, source: 100, headers)
      #expect(try await RealProxyTests.clients(world, 3) == ["203.0.113.1", "203.0.113.2", "127.0.0.100"])
    }
  }

  @Test("HAProxy's own health checks come as LOCAL and are the proxy's")
  func checked() async throws {
    try #require(GatewayProgram.haproxy.executable != nil)
    let proxies = #"[{"networks":["127.0.0.1"],"dialect":"proxy-protocol"}]"#
    try await RealProxyTests.run(.haproxy, proxies: proxies) { _, listen, daemon in
      ProxyFile.haproxy(to: daemon, listen: listen, header: "check inter 50ms fall 1 rise 1 send-proxy-v2")
        .replacing("backend back\n", with: "backend back\n  option httpchk GET /.well-known/jwks.json\n")
    } _: { world, proxy in
      let clients = try await RealProxyTests.clients(world, 2)
      #expect(clients.count >= 2 && Set(clients) == ["127.0.0.1"])
    }
  }
}
