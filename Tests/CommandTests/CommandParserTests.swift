import Testing

@testable import CredentialFlow

@Suite struct CommandParserTests {
  private static let table = [
    Command(
      "user add", "Adds a user", arguments: [.init("NAME", "the name")],
      options: [.value("email", "ADDRESS", "where mail goes"), .values("role", "ROLE", "a role")],
      examples: ["user add ada --role admin"], input: .newPassword(prompt: "Password"), action: .free { _, _ in .done }),
    Command(
      "user grant", "Grants roles", arguments: [.init("NAME", "the name"), .init("ROLE", "a role", .oneOrMore)],
      action: .free { _, _ in .done }),
    Command("audit tail", "Shows entries", arguments: [.init("COUNT", "how many", .optional)], action: .free { _, _ in .done }),
  ]

  private func invocation(_ words: String...) throws -> Invocation {
    guard case .run(let invocation) = try CommandParser(Self.table).parse(words) else { throw Refusal("help") }
    return invocation
  }

  private func error(_ words: String...) -> UsageError? {
    do throws(UsageError) {
      _ = try CommandParser(Self.table).parse(words)
      return nil
    } catch {
      return error
    }
  }

  @Test("arguments, values, repeated options and flags reach the command, wherever the shared options stand")
  func parsing() throws {
    let found = try invocation(
      "--data", "/d", "user", "add", "--role", "a", "ada", "--role=b", "--email", "x@y", "--password-stdin", "--json")
    #expect(found.command.name == "user add")
    #expect(try found.argument("NAME") == "ada")
    #expect(found.values("role") == ["a", "b"])
    #expect(found.value("email") == "x@y")
    #expect(found.has("password-stdin") && found.isJSON)
    #expect(found.value("data") == "/d")
  }

  @Test("after -- a word that begins with a dash is an argument, and - is one anywhere")
  func dashes() throws {
    #expect(try invocation("user", "add", "--", "--odd").argument("NAME") == "--odd")
    #expect(try invocation("user", "add", "-").argument("NAME") == "-")
    #expect(try invocation("user", "grant", "ada", "r1", "r2").arguments("ROLE") == ["r1", "r2"])
    #expect(try invocation("audit", "tail").argumentIfPresent("COUNT") == nil)
  }

  @Test("an unknown command names the nearest one")
  func nearestCommand() {
    #expect(error("usr", "add")?.description == "unknown command 'usr'; did you mean 'user'?")
    #expect(error("user", "gramt")?.description == "unknown command 'user gramt'; did you mean 'user grant'?")
    #expect(error("user", "zzzzzzzz")?.description.contains("known: add, grant") == true)
    #expect(error("user")?.description == "'user' needs one of: add, grant")
    #expect(error() != nil)
  }

  @Test("an unknown option names the nearest one")
  func nearestOption() {
    #expect(error("user", "add", "ada", "--rol", "x")?.description == "unknown option '--rol'; did you mean --role?")
    #expect(error("user", "add", "ada", "-r", "x")?.description.contains("unknown option '-r'") == true)
    #expect(error("--dat", "x", "user")?.description == "unknown option '--dat'; did you mean --data?")
  }

  @Test(
    "a wrong count of arguments or values is an error of usage",
    arguments: [
      ["user", "add"], ["user", "add", "a", "b"], ["user", "grant", "a"], ["user", "add", "a", "--email"],
      ["user", "add", "a", "--email", "--json"], ["user", "add", "a", "--email", "x", "--email", "y"],
      ["user", "add", "a", "--json=1"], ["user", "add", "a", "--json", "--json"], ["audit", "tail", "1", "2"],
    ])
  func counts(_ words: [String]) {
    #expect(throws: UsageError.self) { try CommandParser(Self.table).parse(words) }
  }

  @Test("numbers and times are read with their units and refused outside their range")
  func typedValues() throws {
    let table = [
      Command(
        "x", "X", options: [.value("limit", "N", "n"), .value("expires-in", "TIME", "t")], action: .free { _, _ in .done })
    ]
    func parsed(_ words: String...) throws -> Invocation {
      guard case .run(let invocation) = try CommandParser(table).parse(["x"] + words) else { throw Refusal("help") }
      return invocation
    }
    #expect(try parsed("--limit", "7").integer("limit", default: 1, in: 1...9) == 7)
    #expect(try parsed().integer("limit", default: 1, in: 1...9) == 1)
    #expect(throws: UsageError.self) { try parsed("--limit", "10").integer("limit", default: 1, in: 1...9) }
    #expect(try parsed("--expires-in", "30d").duration("expires-in", in: .zero ... .seconds(9_000_000)) == .seconds(30 * 86_400))
    #expect(try parsed("--expires-in", "90").duration("expires-in", in: .zero ... .seconds(100)) == .seconds(90))
    #expect(throws: UsageError.self) { try parsed("--expires-in", "1y").duration("expires-in", in: .zero ... .seconds(100)) }
    #expect(throws: UsageError.self) { try parsed("--expires-in", "99999999999d").duration("expires-in", in: .zero ... .seconds(100)) }
  }
}

@Suite struct CommandTableTests {
  @Test("every command has help that shows its usage and summary", arguments: CommandTable.all.map(\.path))
  func help(_ path: [String]) async {
    let ran = await Ran(path + ["--help"])
    #expect(ran.status == .done)
    #expect(ran.output.hasPrefix("credentialflow \(path.joined(separator: " "))"))
    #expect(ran.output.contains("--data DIR") && ran.output.contains("Examples:"))
  }

  @Test("every example in the help parses as the command it belongs to", arguments: CommandTable.all.flatMap(\.examples))
  func examples(_ example: String) throws {
    let parsed = try CommandParser(CommandTable.all).parse(example.split(separator: " ").map(String.init))
    guard case .run(let invocation) = parsed else { throw Refusal("the example asks for help") }
    #expect(invocation.command.examples.contains(example))
  }

  @Test("no command is called like another or like a group, and a repeatable argument stands last")
  func rowsAreSound() {
    for command in CommandTable.all {
      #expect(CommandTable.all.count { $0.path == command.path } == 1)
      #expect(!CommandTable.all.contains { $0.path.count > command.path.count && $0.path.starts(with: command.path) })
      #expect(command.arguments.dropLast().allSatisfy { !$0.isRepeatable && $0.isRequired })
      let names = (command.options + Invocation.sharedOptions).map(\.name)
      #expect(Set(names).count == names.count)
      #expect(!command.summary.hasSuffix(".") && !command.examples.isEmpty)
    }
  }

  @Test("the whole program and each group show their commands, and a usage error exits 2 with nothing on standard output")
  func overview() async {
    let whole = await Ran(["--help"])
    for command in CommandTable.all { #expect(whole.output.contains("  \(command.name) ")) }
    let group = await Ran(["config", "--help"])
    #expect(group.output.contains("config check") && !group.output.contains("doctor"))
    let wrong = await Ran(["serv"])
    #expect(wrong.status == .usage && wrong.output.isEmpty && wrong.errors.contains("did you mean 'serve'?"))
  }
}
