import API
import Primitives
import Testing
import Transport

@testable import CredentialFlow

@Suite struct ConfigurationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func load(_ file: String? = nil, _ environment: [String: String] = [:]) throws -> Installation.Loaded {
    if let file { try folder.write("credentialflow.json5", file) }
    return try Installation(folder: DataFolder(path: folder.path), environment: environment).load()
  }

  private func message(_ file: String? = nil, _ environment: [String: String] = [:]) -> String? {
    do {
      _ = try load(file, environment)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test("without a file everything has its default; a named file must exist")
  func defaults() throws {
    #expect(try load().configuration.service.listen == "127.0.0.1:8080")
    let named = DataFolder(path: folder.path, configurationPath: "\(folder.path)/absent.json5")
    #expect(throws: Refusal.self) { try Installation(folder: named, environment: [:]).load() }
  }

  @Test("what nothing can listen on is refused with the key, and so are two listeners on one address")
  func listeners() throws {
    for text in ["127.0.0.1:99999", "example.com:80", "127.0.0.1", "unix:", "[::1:80"] {
      #expect(message("{ listen: '\(text)' }")?.hasPrefix("listen: expected HOST:PORT") == true, "\(text)")
      #expect(message("{ operations: { listen: '\(text)' } }")?.hasPrefix("operations.listen: expected HOST:PORT") == true, "\(text)")
    }
    func collision(_ one: String, _ other: String, listen: String? = nil) throws -> String? {
      let configuration = try load("{ listen: '\(one)', operations: { listen: '\(other)' } }").configuration
      do {
        try configuration.refuseOneAddressForBoth(listen: listen)
        return nil
      } catch {
        return "\(error)"
      }
    }
    for (one, other) in [
      ("127.0.0.1:8080", "127.0.0.1:8080"), ("*:8080", "127.0.0.1:8080"), ("[::1]:8080", "*:8080"), ("0.0.0.0:8080", "127.0.0.1:8080"),
      ("unix:a.sock", "unix:a.sock"),
    ] { #expect(try collision(one, other)?.hasPrefix("operations.listen: '\(other)' is taken by 'listen'") == true, "\(one) \(other)") }
    for (one, other) in [
      ("127.0.0.1:0", "127.0.0.1:0"), ("127.0.0.1:8080", "[::1]:8080"), ("0.0.0.0:8080", "[::1]:8080"), ("*:8080", "unix:b.sock"),
    ] { #expect(try collision(one, other) == nil, "\(one) \(other)") }
    #expect(try collision("127.0.0.1:8080", "127.0.0.1:8080", listen: "127.0.0.1:9080") == nil)
    #expect(try collision("127.0.0.1:8080", "127.0.0.1:8081", listen: "127.0.0.1:8081")?.contains("--listen") == true)
    #expect(message("{ tokens: { accessLifetime: 5 } }")?.contains("found 5") == true)
  }

  @Test("an unknown key is refused with its path and the nearest known one")
  func unknownKey() {
    #expect(message("{ lisen: ':80' }") == "lisen: unknown key; did you mean 'listen'?")
    #expect(message("{ operations: { listn: ':80' } }") == "operations.listn: unknown key; did you mean 'listen'?")
  }

  @Test(
    "a mistyped key is named also where the one that was meant is required",
    arguments: [
      ("{ proxies: [{network: ['10.0.0.0/8'], dialect: 'forwarded'}] }", "proxies[0].network: unknown key; did you mean 'networks'?"),
      ("{ proxies: [{networks: ['10.0.0.0/8'], dialekt: 'proxy'}] }", "proxies[0].dialekt: unknown key; did you mean 'dialect'?"),
      (
        "{ tls: { certificates: [{certificateFile: 'a.pem', key: 'a.key'}] } }",
        "tls.certificates[0].key: unknown key; did you mean 'keyFile'?"
      ),
      ("{ authz: { rules: [{nam: 'x'}] } }", "authz.rules[0].nam: unknown key; did you mean 'name'?"),
    ])
  func mistyped(file: String, told: String) { #expect(message(file) == told) }

  @Test("sections that contradict each other are refused")
  func contradictions() {
    #expect(message("{ edge: { required: true } }")?.hasPrefix("edge.required: nobody could come through the edge") == true)
    #expect(message("{ edge: { required: true }, proxies: [{dialect: 'cloudflare'}] }") == nil)
    #expect(message("{ registration: { enabled: true } }")?.hasPrefix("registration.enabled: a new address is confirmed by mail") == true)
    #expect(
      message("{ registration: { enabled: true }, mail: { url: 'smtp://127.0.0.1:25', security: 'none', from: 'a@example.com' } }") == nil)
  }

  @Test(
    "the list of Cloudflare's networks comes over https, or from this machine",
    arguments: [
      ("https://", false), ("http://127.0.0.1.evil.com/x", false), ("http://127.0.0.1@evil.com/", false), ("ftp://a", false),
      ("http://127.0.0.1:9/ips", true), ("https://api.cloudflare.com/client/v4/ips", true),
    ])
  func rangesURL(url: String, isTaken: Bool) {
    #expect((message("{ cloudflare: { rangesURL: '\(url)' } }") == nil) == isTaken, "\(url)")
  }

  @Test("'config check' opens certificates and keys as 'serve' does")
  func certificates() async throws {
    try folder.write("credentialflow.json5", "{ tls: { certificates: [{certificateFile: 'absent.pem', keyFile: 'absent.key'}] } }")
    let checked = await Ran(["config", "check", "--data", folder.path])
    #expect(checked.status == .refused && checked.errors.contains("absent"))
  }

  @Test("bad JSON5 is refused with file, line and column")
  func badFile() {
    #expect(
      message("{\n  listen: ':1',\n  listen: ':2',\n}")?.hasSuffix("credentialflow.json5, line 3, column 3: 'listen' is given twice")
        == true)
    #expect(message("[]")?.hasSuffix("expected an object: { … }") == true)
    #expect(message("{ listen: 8080 }")?.contains("listen: expected a value such as") == true)
  }

  @Test("the environment sets any key over the file, whatever the capitals of its words")
  func environment() throws {
    let loaded = try load(
      "{ listen: '127.0.0.1:1', operations: { listen: '127.0.0.1:2' } }",
      [
        "CREDENTIALFLOW_OPERATIONS__LISTEN": "127.0.0.1:3", "CREDENTIALFLOW_PUBLIC_URL": "https://id.example.com",
        "CREDENTIALFLOW_CORS__ORIGINS": "[\"https://app.example.com\"]", "CREDENTIALFLOW_DATA": "/elsewhere",
        "CREDENTIALFLOW_TEST_POSTGRESQL": "x", "CREDENTIALFLOW_MASTER_KEY": "x", "CREDENTIALFLOW_MASTER_KEY_FILE": "x",
      ])
    #expect(loaded.configuration.service.listen == "127.0.0.1:1")
    #expect(loaded.configuration.operations.listen == "127.0.0.1:3")
    #expect(loaded.configuration.service.issuer == "https://id.example.com")
    #expect(loaded.configuration.cors.origins == ["https://app.example.com"])
    #expect(loaded.origins.contains("$CREDENTIALFLOW_PUBLIC_URL"))
  }

  @Test("an unknown variable with the prefix is refused with the nearest one")
  func unknownVariable() {
    #expect(message(nil, ["CREDENTIALFLOW_OPERATIONS__LISTN": "x"])?.hasSuffix("did you mean CREDENTIALFLOW_OPERATIONS__LISTEN?") == true)
    #expect(message(nil, ["CREDENTIALFLOW_CORS__ORIGINS": "https://a"])?.contains("expected a list as JSON") == true)
  }

  @Test(
    "a key's variable is its words in capitals",
    arguments: [
      ("tokens.accessLifetime", "CREDENTIALFLOW_TOKENS__ACCESS_LIFETIME"), ("hashing.memoryKiB", "CREDENTIALFLOW_HASHING__MEMORY_KIB"),
      ("publicURL", "CREDENTIALFLOW_PUBLIC_URL"), ("webauthn.rpId", "CREDENTIALFLOW_WEBAUTHN__RP_ID"), ("listen", "CREDENTIALFLOW_LISTEN"),
    ])
  func variables(_ key: String, _ variable: String) {
    #expect(EnvironmentOverrides.variable(for: key) == variable)
  }

  @Test("every key has a variable of its own, and the variable sets that key")
  func everyKeyHasItsVariable() throws {
    let keys = try KnownKeys().defaults.keys
    #expect(Set(keys.map(EnvironmentOverrides.variable)).count == keys.count)
    for key in keys {
      // Any value will do: what matters is that the name is known.
      let told = message(nil, [EnvironmentOverrides.variable(for: key): "\u{1}"]) ?? ""
      #expect(!told.contains("is no key"), "\(key)")
    }
  }

  @Test("config check exits 0 or 1, config print shows what is in force, as JSON5 and as JSON")
  func commands() async throws {
    try folder.write("credentialflow.json5", "{ listen: '127.0.0.1:9' }")
    let checked = await Ran(["config", "check", "--data", folder.path])
    #expect(checked.status == .done && checked.output.contains(folder.path))
    let printed = await Ran(["config", "print", "--data", folder.path])
    let again = try JSON5Parser.parse(Array(printed.output.utf8))
    let json = await Ran(["config", "print", "--data", folder.path, "--json"])
    #expect(try JSON5Parser.parse(Array(json.output.utf8)) == again)
    #expect(json.output.contains("\"listen\":\"127.0.0.1:9\""))
    try folder.write("credentialflow.json5", "{ lisen: 'x' }")
    let wrong = await Ran(["config", "check", "--data", folder.path])
    #expect(
      wrong.status == .refused && wrong.output.isEmpty && wrong.errors == "credentialflow: lisen: unknown key; did you mean 'listen'?\n")
  }

  @Test("TLS: paths count from the data folder, and what cannot go together is refused")
  func security() throws {
    let environment = [
      "CREDENTIALS_DIRECTORY": "/run/credentials/x",
      "CREDENTIALFLOW_OPERATIONS__TLS__CERTIFICATES": #"[{"certificateFile": "o.pem", "keyFile": "o.key"}]"#,
    ]
    let file = """
      { tls: {
        certificates: [{certificateFile: 'a.pem', keyFile: '${CREDENTIALS_DIRECTORY}/a.key', ocspFile: 'a.der'}],
        clientCA: '/etc/ca.pem', clientCertificate: 'required' } }
      """
    let configuration = try load(file, environment).configuration
    let settings = Installation(folder: DataFolder(path: folder.path), environment: environment).security(configuration)
    let world = settings.world.certificates.first
    #expect(world?.certificateFile == "\(folder.path)/a.pem" && world?.ocspFile == "\(folder.path)/a.der")
    #expect(world?.keyFile == "/run/credentials/x/a.key")
    #expect(settings.world.clientCA == "/etc/ca.pem" && settings.world.clientCertificate == .required)
    #expect(settings.operations.certificates.first?.keyFile == "\(folder.path)/o.key" && settings.operations.clientCA.isEmpty)
    #expect(!(try load("{}").configuration.tls.isEnabled))
    for (tls, told) in [
      ("certificates: [{certificateFile: 'a'}]", "tls.certificates[0].keyFile"),
      ("certificates: [{keyFile: 'a'}]", "tls.certificates[0].certificateFile"),
      ("certificates: [{certificateFile: 'a', keyFile: 'b'}], clientCertificate: 'required'", "tls.clientCA"),
      ("clientCA: 'a', clientCertificate: 'optional'", "tls.clientCertificate"), ("clientCertificate: 'maybe'", "tls.clientCertificate"),
      ("handshakes: 0", "tls.handshakes"), ("handshakeTimeout: 0", "tls.handshakeTimeout"),
    ] {
      #expect(message("{ tls: { \(tls) } }")?.hasPrefix(told) == true, "\(tls)")
    }
  }
}
