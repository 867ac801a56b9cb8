import Identity
import Primitives
import Testing

@Suite("Rules")
struct RuleTests {
  private func path(_ text: String) throws -> OriginalPath { try OriginalPath(Array(text.utf8)[...]) }

  private func matches(_ pattern: String, _ text: String) throws -> [String]? {
    let path = try path(text)
    return try #require(PathPattern(pattern)).captures(in: path)?.map { String(decoding: path.bytes[$0], as: UTF8.self) }
  }

  @Test(
    "a path pattern matches whole segments, ** what is left, nothing included",
    arguments: [
      ("/a", "/a", true), ("/a", "/a/", true), ("/a", "/ab", false), ("/a", "/A", false), ("/a", "/a/b", false), ("/", "/", true),
      ("/", "/a", false),
      ("/*", "/a", true), ("/*", "/", false), ("/*", "/a/b", false), ("/a/*", "/a", false), ("/a/*/c", "/a/b/c", true),
      ("/a/*/c", "/a/b/d", false),
      ("/**", "/", true), ("/**", "/a/b/c", true), ("/a/**", "/a", true), ("/a/**", "/a/", true), ("/a/**", "/a/b/c", true),
      ("/a/**", "/ab", false),
      ("/*/b/**", "/a/b", true), ("/*/b/**", "/a/c/b", false), ("/a b", "/a%20b", true), ("/é", "/%C3%A9", true), ("/a", "/%61", true),
    ])
  func patterns(_ pattern: String, _ text: String, _ expected: Bool) throws {
    #expect(try (matches(pattern, text) != nil) == expected)
  }

  @Test("each * is captured, ** is not")
  func captures() throws {
    #expect(try matches("/m/*/v/*/**", "/m/gpt-4o/v/2/x/y") == ["gpt-4o", "2"])
    #expect(try matches("/m/**", "/m/x") == [])
  }

  @Test(
    "a pattern that no path could match is no pattern",
    arguments: ["", "a", "/a*", "/**/a", "/a//b", "/a/", "/..", "/a.", "/a/./b", "/a;b", "/a%2fb", "/a\\b", "/a?b", "/a#", "/***"])
  func unreachable(_ text: String) { #expect(PathPattern(text) == nil) }

  @Test(
    "hosts are compared without case and port; a star is one label",
    arguments: [
      ("api.example.com", "api.example.com", true), ("api.example.com", "API.Example.com:8443", true),
      ("api.example.com", "example.com", false),
      ("*.example.com", "a.example.com", true), ("*.example.com", "example.com", false), ("*.example.com", "a.b.example.com", false),
      ("*.example.com", "aexample.com", false), ("[::1]", "[::1]:80", true), ("127.0.0.1", "127.0.0.1", true),
    ])
  func hosts(_ pattern: String, _ text: String, _ expected: Bool) throws {
    let host = try #require(OriginalHost(Array(text.utf8)[...]))
    #expect(try #require(HostPattern(pattern)).matches(host) == expected)
  }

  @Test(
    "what is no single host has no form",
    arguments: ["", "a,b", "a, b", "a b", "a..b", "a.", ".a", "a:", "a:x", "a:123456", "[::1", "a/b", "a@b", "é", "[]", "a:80:80", "*.a"])
  func noHosts(_ text: String) { #expect(OriginalHost(Array(text.utf8)[...]) == nil) }

  @Test("a template takes captures of a permission's alphabet only, and folds nothing")
  func templates() throws {
    let template = try #require(PermissionTemplate("models/{1}:invoke"))
    let pattern = try #require(PathPattern("/v1/*/chat"))
    func permission(_ text: String) throws -> String? {
      let path = try path(text)
      return template.permission(try #require(pattern.captures(in: path)), of: path)?.text
    }
    #expect(try permission("/v1/gpt-4o/chat") == "models/gpt-4o:invoke")
    #expect(try permission("/v1/GPT-4o/chat") == nil)
    #expect(try permission("/v1/a%20b/chat") == nil)
    #expect(try permission("/v1/*/chat") == nil)
    #expect(try permission("/v1/a:b/chat") == nil)
    for text in ["a:{0}", "a:{x}", "a:{1", "a:1}", "a{10}:b", "{1}", "A:{1}", "a:b c"] {
      #expect(PermissionTemplate(text) == nil, "\(text)")
    }
  }

  private func request(_ method: String?, _ host: String?, _ target: String?) -> OriginalRequest {
    func bytes(_ text: String?) -> ArraySlice<UInt8>? { text.map { Array($0.utf8)[...] } }
    return OriginalRequest(method: bytes(method), host: bytes(host), target: bytes(target))
  }

  private func chosen(_ rules: RuleSet, _ name: String?, _ request: OriginalRequest) -> String {
    switch rules.select(named: name, for: request) {
    case .rule(let index, _): rules.rules[index].name
    case .none: "none"
    case .ambiguousPath: "ambiguous"
    }
  }

  @Test("the first rule that matches is the one; without one, or without the whole request, there is none")
  func selection() throws {
    let rules = RuleSet(
      [
        Rule(name: "read", hosts: [try #require(HostPattern("a.example"))], methods: ["GET"], paths: [try #require(PathPattern("/x/**"))]),
        Rule(name: "write", methods: ["POST"], paths: [try #require(PathPattern("/x/**"))]), Rule(name: "any"),
      ], gateways: [])
    #expect(chosen(rules, nil, request("GET", "a.example", "/x/1")) == "read")
    #expect(chosen(rules, nil, request("HEAD", "a.example", "/x/1")) == "read")
    #expect(chosen(rules, nil, request("POST", "a.example", "/x/1")) == "write")
    #expect(chosen(rules, nil, request("PROPFIND", "b.example", "/y")) == "any")
    for partial in [request(nil, "a.example", "/x"), request("GET", nil, "/x"), request("GET", "a.example", nil), request(nil, nil, nil)] {
      #expect(chosen(rules, nil, partial) == "none")
    }
    #expect(chosen(rules, nil, request("get", "a.example", "/x")) == "none")
    #expect(chosen(rules, nil, request("GET", "a,b", "/x")) == "none")
    #expect(chosen(rules, nil, request("GET", "a.example", "/x/..")) == "ambiguous")
    #expect(chosen(RuleSet([], gateways: []), nil, request("GET", "a.example", "/x")) == "none")
  }

  @Test("a named rule still asks for its own conditions, and for nothing where it has none")
  func named() throws {
    let rules = RuleSet(
      [Rule(name: "free"), Rule(name: "bound", methods: ["GET"], paths: [try #require(PathPattern("/x"))])], gateways: [])
    #expect(chosen(rules, "free", request(nil, nil, nil)) == "free")
    #expect(chosen(rules, "free", request(nil, nil, "/a%2fb")) == "ambiguous")
    #expect(chosen(rules, "free", request("G T", nil, nil)) == "none")
    #expect(chosen(rules, "bound", request("GET", nil, "/x")) == "bound")
    #expect(chosen(rules, "bound", request("GET", nil, nil)) == "none")
    #expect(chosen(rules, "bound", request("PUT", nil, "/x")) == "none")
    #expect(chosen(rules, "other", request("GET", nil, "/x")) == "none")
  }

  @Test("only the configured networks may ask")
  func gateways() throws {
    let rules = RuleSet([], gateways: [try #require(IPNetwork("10.0.0.0/8")), try #require(IPNetwork("2001:db8::/32"))])
    for (address, expected) in [
      ("10.1.2.3", true), ("11.0.0.1", false), ("2001:db8:1::1", true), ("2001:db9::1", false), ("127.0.0.1", false),
      ("::ffff:10.0.0.1", true),
    ] {
      #expect(rules.isGateway(.internet(try #require(IPAddress(address)), port: 1)) == expected, "\(address)")
    }
    for text in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/8/8", "x", "", "::1/129"] {
      #expect(IPNetwork(text) == nil, "\(text)")
    }
    #expect(IPNetwork("0.0.0.0/0")?.contains(.loopback) == true)
    #expect(IPNetwork("::/0")?.contains(.loopback) == true)
  }
}
