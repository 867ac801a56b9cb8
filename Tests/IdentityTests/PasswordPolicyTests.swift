import Persistence
import Primitives
import Testing

@testable import Identity

@Suite("What a password must be")
struct PasswordPolicyTests {
  private func policy(_ values: [String: SettingsValue] = [:], mayStandAlone: Bool = false) async throws -> PasswordPolicy {
    let vault = try await Vault.open(Ground.database(), MasterKey(), now: .fixed(at: Ground.start))
    return try Ground.policy(Ground.passwords(vault), values, mayStandAlone: mayStandAlone)
  }

  private func flaws(_ text: String, _ policy: PasswordPolicy, hints: [String] = []) async throws -> [PasswordFlaw] {
    try await policy.flaws(of: Secret(copying: text.utf8), hints: hints)
  }

  private static let unguessed: [String: SettingsValue] = ["minimumScore": .integer(0)]

  @Test("12 characters with letters, digits and others, or 20 of anything, counted after NFC; 256 at most")
  func classes() async throws {
    let policy = try await policy(Self.unguessed)
    for (text, expected) in [
      ("", [.tooShort(least: 12), .withoutLetter, .withoutDigit, .withoutSpecial]),
      ("abcdefghi1!", [.tooShort(least: 12)]), ("abcdefghij1!", []), ("abcdefghijk1", [.withoutSpecial]), ("abcdefghij!!", [.withoutDigit]),
      ("12345678901!", [.withoutLetter]), ("äöüäöüäöüä1!", []), ("123456789012345678901", []), ("aaaaaaaaaaaaaaaaaaaa", []),
      (String(repeating: " ", count: 20), []),
      (String(repeating: "e\u{301}", count: 11), [.tooShort(least: 12), .withoutDigit, .withoutSpecial]),
      (String(repeating: "😀", count: 256), []), (String(repeating: "a", count: 257), [.tooLong]),
    ] as [(String, [PasswordFlaw])] { #expect(try await flaws(text, policy) == expected, "\(text)") }
  }

  @Test("NIST's rule is length alone: 8 characters beside a second factor, 15 where the password may stand alone")
  func nist() async throws {
    let none: [String: SettingsValue] = ["composition": .string("none"), "minimumScore": .integer(0)]
    #expect(try await flaws("1234567", policy(none)) == [.tooShort(least: 8)])
    #expect(try await flaws("12345678", policy(none)) == [])
    #expect(try await flaws("12345678901234", policy(none, mayStandAlone: true)) == [.tooShort(least: 15)])
    #expect(try await flaws("123456789012345", policy(none, mayStandAlone: true)) == [])
  }

  @Test("bytes that are not UTF-8 are no password")
  func notText() async throws {
    for bytes in [[0xFF, 0x41, 0x41], [0xED, 0xA0, 0x80, 0x41]] as [[UInt8]] {
      #expect(try await policy().flaws(of: Secret(copying: bytes), hints: []) == [.notText])
    }
  }

  @Test("what is common, repeated, a row of keys, the user's own name, address or this server's name is guessable")
  func guessable() async throws {
    let policy = try await policy()
    let hints = ["ada.lovelace@example.org", "Lovelace"]
    for text in [
      "aaaaaaaaaaaaaaaaaaaaaaaa", "123456789012345678901234", "password1234!password1234", "Lovelace1815!", "ada.lovelace@example.org1!",
      "CredentialFlow1!", "lovelacelovelacelovelace", "qwertyuiop1!", "lovelace-lovelace-lovelace-1", "Lovelace1lovelace2LOVELACE3!",
      "letmein-letmein-1", "1q2w3e4r5t6y!a", "q1w2e3r4t5y6!", "q1w2-e3r4-t5y6", "a1s2-d3f4-g5h6", "1-q-2-w-3-e-4-r-5-t-6-y",
      String(repeating: "q1w2e3r4t5y6", count: 8),
    ] { #expect(try await flaws(text, policy, hints: hints) == [.guessable], "\(text)") }
    for text in ["correct horse battery staple", "wpvkq-zd83h!x", "seven lamps on the wet pier", "blue-river-blue-mountain-7"] {
      #expect(try await flaws(text, policy, hints: hints) == [], "\(text)")
    }
    for text in ["Acme Gate Acme 1!", "Acme-Gate-1!", "a.c.m.e.gate.1"] {
      #expect(try await flaws(text, policy, hints: ["Acme Gate"]) == [.guessable], "\(text)")
    }
    // Without the hints the name is worth more.
    #expect(try await flaws("zbygnjewRv1815!", policy) == [])
    #expect(try await flaws("zbygnjewRv1815!", policy, hints: ["zbygnjewrv"]) == [.guessable])
  }

  @Test("guessing looks at the first hundred bytes, so that no password takes long")
  func bounded() async throws {
    let policy = try await policy()
    let long = String(repeating: "a", count: 100) + "wpvkq-zd83h!x wpvkq-zd83h!x"
    #expect(try await flaws(long, policy) == [.guessable])
    #expect(try await flaws(String(repeating: "ab", count: 128), policy) == [.guessable])
  }
}
