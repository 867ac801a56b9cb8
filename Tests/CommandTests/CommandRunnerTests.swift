import Defaults
import Primitives
import Testing

@testable import CredentialFlow

@Suite struct CommandRunnerTests {
  private let folder: TemporaryFolder
  private var data: String { "\(folder.path)/data" }

  init() throws { folder = try TemporaryFolder() }

  @Test("init makes a folder for its owner alone, and run again it changes nothing")
  func initialisation() async throws {
    let first = await Ran(["init", "--data", data])
    #expect(first.status == .done, "\(first.errors)")
    #expect(TemporaryFolder.mode(data) == 0o700)
    let paths = [DataFolder(path: data).configurationPath, DataFolder(path: data).masterKeyPath]
    for path in paths { #expect(TemporaryFolder.mode(path) == 0o600) }
    let contents = try paths.map { try FileBytes.read($0, limit: 100_000) }
    let second = await Ran(["init", "--data", data])
    #expect(
      second.status == .done && second.output.contains("there \(data)/master.key") && first.output.contains("made  \(data)/master.key"))
    #expect(try paths.map { try FileBytes.read($0, limit: 100_000) } == contents)
  }

  @Test("init never makes a new master key beside a database that an older one sealed")
  func lostMasterKey() async throws {
    _ = try DataFolder(path: data).create()
    _ = try FileBytes.create("\(data)/credentialflow.db", [1], mode: 0o600)
    let ran = await Ran(["init", "--data", data])
    #expect(ran.status == .refused && ran.errors.contains("put its master key back"))
    #expect(!FileBytes.exists("\(data)/master.key"))
  }

  @Test("the shipped configuration is accepted as it is, and with every key uncommented it still says the defaults")
  func shippedConfiguration() throws {
    let shipped = Installation(folder: DataFolder(path: folder.path), environment: [:])
    let text = String(decoding: DefaultConfiguration.bytes, as: UTF8.self)
    try folder.write("credentialflow.json5", text)
    let commented = try shipped.load().effective
    let uncommented = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let trimmed = line.drop { $0 == " " }
      // A key stands after `//` without a space; words stand after `// `.
      return trimmed.hasPrefix("//") && !trimmed.hasPrefix("// ") ? String(trimmed.dropFirst(2)) : String(line)
    }
    try folder.write("credentialflow.json5", uncommented.joined(separator: "\n"))
    #expect(try shipped.load().effective == commented)
    guard case .object(let members) = try JSON5Parser.parse(Array(uncommented.joined(separator: "\n").utf8)) else {
      throw Refusal("no object")
    }
    var written: [String: SettingsValue] = [:]
    KnownKeys.collect(members, below: "", into: &written)
    for key in try KnownKeys().defaults.keys where !key.hasSuffix("File") {
      #expect(written[key] != nil, "\(key) is missing in Config/credentialflow.json5")
    }
  }

  @Test("a command in a folder that is not there says how to make it")
  func noFolder() async {
    let ran = await Ran(["migrate", "--data", data])
    #expect(ran.status == .refused && ran.errors.contains("credentialflow init --data \(data)"))
  }

  @Test("a command waits for another that holds the folder, and then says so")
  func heldFolder() async throws {
    _ = await Ran(["init", "--data", data])
    let lock = try #require(try FolderLock.acquire(DataFolder(path: data)))
    let refused = await Ran(["migrate", "--data", data], lockTimeout: .zero)
    #expect(refused.status == .refused && refused.errors.contains("another command"))
    lock.release()
    #expect(await Ran(["migrate", "--data", data]).status == .done)
  }

  @Test("beside a server the command runs in the server, with the caller's words and terminal, and its output comes back")
  func besideServer() async throws {
    _ = await Ran(["init", "--data", data])
    let installation = Installation(folder: DataFolder(path: data), environment: [:])
    let lock = try #require(try FolderLock.acquire(installation.folder))
    defer { lock.release() }
    let application = try await Application.open(installation, configuration: try installation.load().configuration)
    let table = [
      Command(
        "greet", "Greets", arguments: [.init("NAME", "whom")],
        action: .application { invocation, console, _ in
          console.line("hello \(try invocation.argument("NAME"))")
          console.note("aside")
          throw Refusal("that is all")
        })
    ]
    let runner = CommandRunner(table: table, environment: [:])
    let server = try ControlServer(path: installation.folder.controlSocketPath) { await runner.run($0, in: application) }
    defer { server.stop() }
    let ran = await Ran(["greet", "ada", "--data", data], table: table)
    #expect(ran.output == "hello ada\n" && ran.errors == "aside\ncredentialflow: that is all\n" && ran.status == .refused)
    await application.close()
  }

  @Test("a command that is not the server's to run is refused over the socket")
  func foreignCommand() async throws {
    _ = await Ran(["init", "--data", data])
    let installation = Installation(folder: DataFolder(path: data), environment: [:])
    let application = try await Application.open(installation, configuration: try installation.load().configuration)
    let runner = CommandRunner(table: CommandTable.all, environment: [:])
    for words in [["init"], ["serve"], ["version"], ["config", "print"]] {
      let reply = await runner.run(ControlRequest(words: words, isTerminal: false, input: nil), in: application)
      #expect(reply.status == .refused && reply.output == "")
    }
    await application.close()
  }

  @Test("output over the bound is refused whole, never cut")
  func tooMuchOutput() async throws {
    let collected = CollectedOutput(limit: 10)
    let console = collected.console(isTerminal: false, input: nil)
    console.line("12345")
    console.line("123456")
    #expect(collected.isTruncated && collected.output.count == 6)
  }

  @Test("doctor says ok or what to do for every check, and fails where one fails")
  func doctor() async throws {
    _ = await Ran(["init", "--data", data])
    let healthy = await Ran(["doctor", "--data", data])
    #expect(healthy.status == .done, "\(healthy.output)")
    #expect(healthy.output.split(separator: "\n").allSatisfy { $0.hasPrefix("ok ") })
    try folder.write("open", "")
    #expect(SystemCheck.files(["\(folder.path)/open"], mode: 0o400, isRequired: true).detail.contains("chmod 400"))
    #expect(SystemCheck.clock(Instant(unixSeconds: 0)).isGood == false)
    let secured = Installation(
      folder: DataFolder(path: data),
      environment: ["CREDENTIALFLOW_TLS__CERTIFICATES": #"[{certificateFile: "a.pem", keyFile: "a.key"}]"#])
    #expect(SystemCheck.security(secured).detail.contains("\(data)/a.pem cannot be read: No such file"))
    let absent = await Ran(["doctor", "--data", "\(data)-absent", "--json"])
    #expect(absent.status == .refused && absent.output.contains("\"ok\":false"))
  }
}
