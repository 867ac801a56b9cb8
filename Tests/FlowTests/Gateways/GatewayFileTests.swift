import FoundationEssentials
import Testing

/// What is certain about the files of gateways that Debian does not have: the rules of their makers, one by one.
@Suite("the files of Config/gateways, as text")
struct GatewayFileTests {
  /// A configuration without its comments.
  private struct File {
    let lines: [Substring]

    init(_ path: String) throws {
      lines = try GatewayFileTests.text(path).split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("#") }
    }

    var text: String { lines.joined(separator: "\n") }

    func has(_ line: String) -> Bool { lines.contains { Self.content($0) == line } }

    /// The lines that stand deeper than the one that is `key`.
    func block(_ key: String) throws -> [String] {
      let start = try #require(lines.firstIndex { Self.content($0) == key }, "\(key)")
      let depth = Self.depth(lines[start])
      return lines[(start + 1)...].prefix { Self.depth($0) > depth }.map { String(Self.content($0)) }
    }

    /// The items of a list between brackets.
    func list(_ key: String) throws -> Set<String> {
      let line = try #require(lines.first { Self.content($0).hasPrefix("\(key): [") }, "\(key)")
      let items = Self.content(line).dropFirst(key.count + 3).dropLast().split(separator: ",")
      return Set(items.map { String($0.drop { $0 == " " }) })
    }

    func place(_ text: String) -> Int? { lines.firstIndex { $0.contains(text) } }

    private static func depth(_ line: Substring) -> Int { line.prefix { $0 == " " }.count }
    private static func content(_ line: Substring) -> Substring { line.drop { $0 == " " } }
  }

  private static func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: "\(GatewayProgram.configurations)/\(path)")), as: UTF8.self)
  }

  private static let names = Answer.identityNames

  @Test("Traefik replaces all ten headers, trusts no forwarded header and asks the forward endpoint")
  func traefik() throws {
    let file = try File("traefik/credentialflow.yaml")
    #expect(file.has(#"address: "http://127.0.0.1:8080/authz/forward""#) && file.has("trustForwardHeader: false"))
    #expect(try file.block("authResponseHeaders:") == Self.names.map { "- \($0)" })
    #expect(file.has(#"authResponseHeadersRegex: "(?i)^x[-_]auth[-_]""#))
    #expect(try file.list("authRequestHeaders").isSuperset(of: ["Authorization", "X-API-Key"]))
    #expect(try file.list("middlewares") == ["credentialflow"])
    // The question is a GET without a body, whatever the request is.
    #expect(!file.text.contains("forwardBody") && !file.text.contains("preserveRequestMethod"))
  }

  @Test("Envoy removes the client's ten headers before it asks, takes all ten of the answer, and fails closed")
  func envoy() throws {
    let file = try File("envoy/envoy.yaml")
    #expect(file.has("failure_mode_allow: false") && file.has("path_prefix: /authz/envoy/-") && file.has("timeout: 1s"))
    #expect(file.has("status_on_error: {code: ServiceUnavailable}") && file.has("clear_route_cache: false"))
    #expect(file.has("headers_with_underscores_action: REJECT_REQUEST") && file.has("path_with_escaped_slashes_action: REJECT_REQUEST"))
    let low = Self.names.map { $0.lowercased() }
    #expect(try file.block("request_mutations:") == low.map { "- remove: \($0)" })
    let patterns = try file.block("allowed_upstream_headers:").filter { $0.hasPrefix("-") }
    #expect(patterns == low.map { "- {exact: \($0), ignore_case: true}" })
    let allowed = try file.block("allowed_headers:")
    #expect(allowed.contains("- {exact: x-api-key, ignore_case: true}"))
    let order = ["http.header_mutation\n", "http.ext_authz\n", "http.router\n"].map { "name: envoy.filters.\($0.dropLast())" }
    let places = order.compactMap { file.place($0) }
    #expect(places.count == 3 && places == places.sorted())
    // Those would run after the question and remove its answer, or leave the client's value beside it.
    #expect(!file.text.contains("request_headers_to_remove") && !file.text.contains("allowed_upstream_headers_to_append"))
    #expect(!file.text.contains("with_request_body"))
  }

  @Test("APISIX takes all ten headers of the answer, sends the credential along, and fails closed")
  func apisix() throws {
    let file = try File("apisix/apisix.yaml")
    #expect(file.has("uri: http://127.0.0.1:8080/authz/forward") && file.has("request_method: GET"))
    #expect(file.has("allow_degradation: false") && file.has("status_on_error: 503"))
    #expect(try file.block("upstream_headers:") == Self.names.map { "- \($0)" })
    #expect(try file.list("request_headers").isSuperset(of: ["Authorization", "X-API-Key"]))
    #expect(try file.list("client_headers").isSuperset(of: ["WWW-Authenticate", "X-Authz-Reason", "Retry-After", "Content-Type"]))
    #expect(try Self.text("apisix/apisix.yaml").hasSuffix("\n#END\n"))
  }

  @Test("every folder says what to change, how to start, and what a spoofed header and a daemon that is down meet")
  func explanations() throws {
    for name in ["nginx", "caddy", "haproxy", "traefik", "envoy", "apisix"] {
      let text = try Self.text("\(name)/README.md")
      for word in ["**Change**", "**Start**", "**Rule**", "**Spoofed headers**", "**CredentialFlow down**"] {
        #expect(text.contains(word), "\(name): \(word)")
      }
      #expect(text.split(separator: "\n").count <= 14)
      let isRun = GatewayProgram(rawValue: name) != nil
      #expect(text.contains("run by the tests") == isRun && text.contains("**not run**") == !isRun, "\(name)")
    }
  }
}
