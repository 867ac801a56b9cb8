import JSON
import TestVectors
import Testing

@testable import CredentialFlow

/// The classes of `../shared/vectors/cve-classes.json` that this server can have by now: for each the tests that stand against it,
/// and the mutant of our code that they kill. Each mutant but E06's and E27's was applied on 2026-11-26 and failed a test that is named.
struct CVEClass: Sendable {
  let id: String
  /// File and title of a test, as they stand there.
  let tests: [(file: String, title: String)]
  let mutant: String

  init(_ id: String, _ tests: [(file: String, title: String)], mutant: String) {
    self.id = id
    self.tests = tests
    self.mutant = mutant
  }

  /// What is not here yet, and so cannot have them.
  static let notYet: [(id: String, reason: String)] = [
    ("E10", "no redirect_uri: there is no authorization endpoint"), ("E12", "no authorization codes"),
    ("E11", "the one redirect leads to a rule's configured `signInURL`; where to return is data in its query"),
    ("E20", "no cookies: every credential is a header that a foreign page cannot set"), ("E25", "nothing is fetched that a client names"),
  ]

  static let all: [CVEClass] = [
    CVEClass(
      "E01",
      [
        ("RecoveryTests", "the start answers the same bytes for whoever is named"),
        ("RegistrationTests", "the answer is the same for addresses that have accounts"), ("RefusalTests", "of a password"),
      ], mutant: "Recovery.start throws for a name without an account"),
    CVEClass(
      "E02", [("FactorTests", "a TOTP step is good once ever"), ("OwnFactorTests", "a second authenticator: begun under a proof")],
      mutant: "TOTPFactor.use and consume without `last_step`"),
    CVEClass(
      "E03",
      [
        ("InvitationTests", "where the account has a password it is checked"), ("PasswordTests", "wrong present passwords count"),
        ("RecoveryTests", "wrong answers count against the factor"),
      ], mutant: "PasswordGuesses.judge counts no failure of an account that is there"),
    CVEClass(
      "E04",
      [
        ("RecoveryTests", "the mailbox that the code came to is no second factor"),
        ("CredentialWalkTests", "a random walk with valid pieces of every state"),
      ], mutant: "Recovery.conclude with no factor held for the mailbox's"),
    CVEClass(
      "E05",
      [
        ("RecoveryTests", "five answers, half an hour"), ("RecoveryTests", "64 ends of one recovery at once"),
        ("RecoveryTests", "a mailed code and the second factor"),
      ], mutant: "RecoveryStore.recovery without the comparison of address and password"),
    CVEClass(
      "E06", [("RecoveryTests", "header mutation changes no byte of the mail"), ("NoticeTests", "change no byte of a mail")],
      mutant: "Links.url takes the request's Host (not applied: no request reaches it)"),
    CVEClass(
      "E07",
      [
        ("ClientAddressTests", "headers of somebody who is no proxy change nothing"),
        ("ClientMatrixTests", "only a configured proxy's own dialect names a client"),
      ], mutant: "ConnectionClients reads X-Forwarded-For of a peer that no entry names"),
    CVEClass(
      "E08",
      [
        ("ParserTests", "refuses a malformed request with its status"),
        ("GatewayProgramTests", "identity headers of the client never reach the service"),
      ], mutant: "FieldFacts.note without ShadowingName"),
    CVEClass(
      "E09",
      [
        ("OriginalPathTests", "a form that two programs could read differently"),
        ("GatewayProgramTests", "paths that could mean two things are refused"),
      ], mutant: "OriginalPath takes an encoded slash"),
    CVEClass(
      "E13",
      [
        ("RefreshTests", "500 parallel refreshes of one token: one successor"), ("RefreshTests", "a clock that was set back an hour"),
      ], mutant: "RefreshState repeats the successor where it should end for theft"),
    CVEClass(
      "E14",
      [("AccountTests", "a disabled user gets nothing from any door"), ("InvitationTests", "codes that are unknown, replaced")],
      mutant: "Invitations.invited without `isEnabled`"),
    CVEClass(
      "E15", [("HostileTokenTests", "nothing that was made without the key opens any door")],
      mutant: "TokenVerifier.verify without `isSigned`"),
    CVEClass(
      "E16",
      [("ParserTests", "refuses a malformed request with its status"), ("BodyTests", "16 KiB is taken, one byte more is 413")],
      mutant: "RequestParser.takeLine without its limit"),
    CVEClass(
      "E17",
      [
        ("HashingPoolTests", "past lanes and queue a caller is refused at once"),
        ("PasswordPolicyTests", "counted after NFC"),
      ], mutant: "HashingPool queues a thousand more than it may (the test ends by its time limit)"),
    CVEClass(
      "E18",
      [("FailureTests", "a known device goes on with both factors"), ("PasswordTests", "wrong present passwords count")],
      mutant: "failures of known devices counted as an unknown source's"),
    CVEClass(
      "E19", [("PasswordTests", "ends all other sessions and makes devices strangers")],
      mutant: "PasswordChange without SessionStore.end(.others)"),
    CVEClass(
      "E21",
      [
        ("OwnFactorTests", "every change asks for a proof of its own"), ("OwnFactorTests", "what was begun is its session's alone"),
        ("OwnFactorTests", "the last factor stays"),
      ], mutant: "StepUpStore.stepUp without `session_id`"),
    CVEClass(
      "E22", [("AdministrationAccessTests", "every row lets in who holds its permission")],
      mutant: "PermissionChecks.standing asks for no permission"),
    CVEClass(
      "E23", [("PasswordPolicyTests", "counted after NFC"), ("PasswordsTests", "in any Unicode form")],
      mutant: "Passwords hash what was typed, not its NFC"),
    CVEClass(
      "E24",
      [("LogTests", "is escaped among plain ones too"), ("LogTests", "with control characters escaped")],
      mutant: "LogLines.field takes bytes below 32 for plain"),
    CVEClass(
      "E26",
      [("FaultTests", "TOTP secrets and keys that were moved or changed"), ("FaultTests", "a database that can only be read")],
      mutant: "Vault.place without the row"),
    CVEClass(
      "E27", [("ConformanceTests", "every type comes back as it went in")],
      mutant: "SQL's interpolation writes a text into the statement (not applied: a `SQL` is made of literals and bound values only)"),
  ]
}

@Suite("Classes of known vulnerabilities")
struct CVEClassTests {
  /// The text of a test file, wherever it lies.
  private func source(_ name: String) throws -> String {
    let folder = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    let places = [
      "CryptographyTests", "FlowTests", "FlowTests/Administration", "FlowTests/Clients", "FlowTests/Delivery", "FlowTests/Gateways",
      "HTTPTests", "IdentityTests", "PersistenceTests", "ServerTests",
    ]
    let texts = places.compactMap { try? FileBytes.read("\(folder)/\($0)/\(name).swift", limit: 1 << 20) }
    guard let bytes = texts.first else { throw World.Unexpected(what: "no file \(name).swift") }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("every class has its tests, under the titles that the index gives, and names the mutant that they kill")
  func index() throws {
    #expect(Set(CVEClass.all.map(\.id)).count == CVEClass.all.count)
    for one in CVEClass.all {
      #expect(!one.tests.isEmpty && !one.mutant.isEmpty, "\(one.id)")
      for (file, title) in one.tests {
        // The title stands in the line of its test, or in the next.
        let isThere = try source(file).split(separator: "@Test(").dropFirst().contains { $0.prefix(400).contains(title) }
        #expect(isThere, "\(one.id): \(file) has no test '\(title)'")
      }
    }
  }

  @Test(
    "the classes are those of the shared collection", .enabled(if: OutsideVectors.arePresent, Comment(rawValue: OutsideVectors.absence)))
  func collection() throws {
    let classes = try OutsideVectors.load("cve-classes.json")["classes"]?.elements ?? []
    let known = CVEClass.all.map(\.id) + CVEClass.notYet.map(\.id)
    #expect(Set(known) == Set(classes.compactMap { $0["id"]?.string }) && Set(known).count == known.count)
  }
}
