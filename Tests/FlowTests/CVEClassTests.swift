import JSON
import TestVectors
import Testing

@testable import CredentialFlow

/// The classes of `../shared/vectors/cve-classes.json` that this server can have by now: for each the test that stands against it,
/// and the mutant of our code that this test kills (the smallest change that would bring the class about).
struct CVEClass: Sendable {
  let id: String
  /// Suite and title of a test, as they stand in its file.
  let tests: [(file: String, title: String)]
  let mutant: String

  static let all: [CVEClass] = [
    CVEClass(
      id: "E01",
      tests: [
        ("RecoveryTests", "the start answers the same bytes for whoever is named"),
        ("RegistrationTests", "the answer is the same for addresses that have accounts"),
      ], mutant: "Recovery.start returns early where there is no account; Outbox.send writes no decoy"),
    CVEClass(
      id: "E02",
      tests: [("FactorTests", "a TOTP step is good once ever"), ("OwnFactorTests", "a second authenticator: begun under a proof")],
      mutant: "confirmTOTP does not consume the step that it judged; TOTPFactor.consume without `last_step <`"),
    CVEClass(
      id: "E03",
      tests: [
        ("InvitationTests", "where the account has a password it is checked"), ("PasswordTests", "wrong present passwords count"),
        ("RecoveryTests", "wrong answers count against the factor"),
      ], mutant: "Invitations.accept or PasswordChange verifies without PasswordGuesses.judge"),
    CVEClass(
      id: "E04",
      tests: [
        ("CredentialWalkTests", "a random walk with valid pieces of every state"),
        ("InvitationTests", "an enrolment token is good for a first factor and for nothing else"),
      ], mutant: "Enrollments.begin without `.factorOffered(hasFactor:)`; Recovery opens a session"),
    CVEClass(
      id: "E05",
      tests: [
        ("RecoveryTests", "five answers, half an hour"), ("RecoveryTests", "64 ends of one recovery at once"),
        ("RecoveryTests", "a mailed code and the second factor"),
      ], mutant: "RecoveryStore.recovery without the comparison of address and password; consume without RETURNING"),
    CVEClass(
      id: "E06", tests: [("RecoveryTests", "header mutation changes no byte of the mail")], mutant: "Links.url takes the request's Host"),
    CVEClass(
      id: "E13",
      tests: [
        ("RefreshTests", "500 parallel refreshes of one token: one successor"), ("RefreshTests", "a clock that was set back an hour"),
      ], mutant: "SessionStore.rotate without `refresh_digest =`"),
    CVEClass(
      id: "E14",
      tests: [("AccountTests", "a disabled user gets nothing from any door"), ("InvitationTests", "codes that are unknown, replaced")],
      mutant: "Invitations.invited without `isEnabled`"),
    CVEClass(
      id: "E15", tests: [("HostileTokenTests", "nothing that was made without the key opens any door")],
      mutant: "TokenVerifier takes the algorithm from the token's header"),
    CVEClass(
      id: "E18", tests: [("FailureTests", "a known device goes on with both factors"), ("PasswordTests", "wrong present passwords count")],
      mutant: "failures of unknown sources counted for known devices too"),
    CVEClass(
      id: "E19", tests: [("PasswordTests", "ends all other sessions and makes devices strangers")],
      mutant: "PasswordChange without SessionStore.end(.others)"),
    CVEClass(
      id: "E21",
      tests: [
        ("OwnFactorTests", "every change asks for a proof of its own"), ("OwnFactorTests", "what was begun is its session's alone"),
        ("OwnFactorTests", "the last factor stays"),
      ], mutant: "FactorStore.unconfirmed without `enrolled_by`; StepUpStore.spend without session or purpose"),
    CVEClass(
      id: "E23", tests: [("PasswordPolicyTests", "counted after NFC"), ("PasswordsTests", "in any Unicode form")],
      mutant: "Passwords.pepper without UnicodeForm.nfc; PasswordPolicy counts bytes"),
  ]
}

@Suite("Classes of known vulnerabilities")
struct CVEClassTests {
  /// The text of a test file.
  private func source(_ name: String) throws -> String {
    let folder = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
    for place in ["FlowTests", "IdentityTests"] {
      guard let bytes = try? FileBytes.read("\(folder)/\(place)/\(name).swift", limit: 1 << 20) else { continue }
      return String(decoding: bytes, as: UTF8.self)
    }
    throw World.Unexpected(what: "no file \(name).swift")
  }

  @Test("every class has its tests, under the titles that the index gives, and names the mutant that they kill")
  func index() throws {
    #expect(Set(CVEClass.all.map(\.id)).count == CVEClass.all.count)
    for one in CVEClass.all {
      #expect(!one.tests.isEmpty && !one.mutant.isEmpty, "\(one.id)")
      for (file, title) in one.tests {
        let isThere = try source(file).split(separator: "\n").contains { $0.contains("@Test(") && $0.contains(title) }
        #expect(isThere, "\(one.id): \(file) has no test '\(title)'")
      }
    }
  }

  @Test(
    "the classes are those of the shared collection", .enabled(if: OutsideVectors.arePresent, Comment(rawValue: OutsideVectors.absence)))
  func collection() throws {
    let classes = try OutsideVectors.load("cve-classes.json")["classes"]?.elements ?? []
    #expect(Set(CVEClass.all.map(\.id)).isSubset(of: classes.compactMap { $0["id"]?.string }))
  }
}
