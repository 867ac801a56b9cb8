import Cryptography
import JSON
import Primitives
import TestVectors
import Testing

struct PasswordHashTests {
  private let cheap = Argon2Parameters(memoryKiB: 64, iterations: 1)

  @Test("a password matches its own hash and no other's")
  func roundTrip() throws {
    let hash = try PasswordHash.hash(secret("correct horse"), cheap)
    #expect(hash.hasPrefix("$argon2id$v=19$m=64,t=1,p=1$"))
    #expect(try PasswordHash.verify(secret("correct horse"), hash))
    #expect(try !PasswordHash.verify(secret("correct horse "), hash))
    #expect(try !PasswordHash.verify(secret(""), hash))
    #expect(try PasswordHash.hash(secret("correct horse"), cheap) != hash)
  }

  @Test("a password with a NUL in it is not cut there")
  func zeroBytes() throws {
    let hash = try PasswordHash.hash(secret("a\u{0}b"), cheap)
    #expect(try PasswordHash.verify(secret("a\u{0}b"), hash))
    #expect(try !PasswordHash.verify(secret("a"), hash))
    #expect(try !PasswordHash.verify(secret("a\u{0}c"), hash))
  }

  @Test("the cost is read back from the hash, and growth asks for a new one")
  func parameters() throws {
    let hash = try PasswordHash.hash(secret("x"), cheap)
    #expect(PasswordHash.parameters(of: hash) == cheap)
    #expect(!PasswordHash.needsRehash(hash, cheap))
    #expect(PasswordHash.needsRehash(hash, Argon2Parameters(memoryKiB: 64, iterations: 2)))
    #expect(Argon2Parameters.standard.work == 38_912)
  }

  @Test("nothing matches a decoy, which costs what was asked")
  func decoy() throws {
    let decoy = PasswordHash.decoy(cheap)
    let hash = try PasswordHash.hash(secret("x"), cheap)
    #expect(decoy.utf8.count == hash.utf8.count)
    #expect(PasswordHash.parameters(of: decoy) == cheap)
    #expect(decoy != PasswordHash.decoy(cheap))
    for text in ["", "x", "password"] { #expect(try !PasswordHash.verify(secret(text), decoy)) }
  }

  @Test(
    "a string that is no Argon2id hash, or one of absurd cost, matches nothing",
    arguments: [
      "", "$", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv", "$argon2i$v=19$m=64,t=3,p=1$c29tZXNhbHQ$AAAA",
      "$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAA", "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA",
      "$argon2id$v=19$m=99999999999,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAA", "$argon2id$v=19$m=64,t=9999999,p=1$c29tZXNhbHRzb21lc2FsdA$AAAA",
      "$argon2id$v=19$m=64,t=1,p=4$c29tZXNhbHRzb21lc2FsdA$AAAA", "$argon2id$v=19$m=-64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAA",
      "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$====", "$argon2id$v=19$t=1,m=64,p=1$c29tZXNhbHRzb21lc2FsdA$AAAA",
      "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" + String(repeating: "A", count: 4096),
    ])
  func malformed(phc: String) throws {
    #expect(try !PasswordHash.verify(secret("x"), phc))
  }

  @Test("parameters outside what can be computed are refused")
  func impossible() {
    for parameters in [(0, 1), (7, 1), (64, 0), (-1, -1), (5_000_000, 1), (64, 5_000)] {
      #expect(throws: CryptographyError.unusableParameters) {
        try PasswordHash.hash(secret("x"), Argon2Parameters(memoryKiB: parameters.0, iterations: parameters.1))
      }
    }
  }

  @Test("work of every size can be burnt; what it costs is measured by the bench equal-time")
  func burn() throws {
    for work in [-5, 0, 7, 9, 100, 20_000] { try PasswordHash.burn(work: work, memoryKiB: 64) }
    try PasswordHash.burn(work: 100, memoryKiB: 0)
  }

  @Test(
    "the reference's Argon2id hashes of one lane verify, and with another password they do not",
    .enabled(if: OutsideVectors.arePresent, Comment(rawValue: OutsideVectors.absence)))
  func vectors() throws {
    let tests = try #require(OutsideVectors.load("argon2.json")["hashtests"]?.elements)
    var count = 0
    for test in tests where test["type"]?.string == "Argon2_id" && test["p"]?.integer == 1 {
      let phc = try #require(test["encoded"]?.string)
      let password = try #require(test["pwd"]?.secret)
      #expect(try PasswordHash.verify(password, phc), "\(phc)")
      #expect(try !PasswordHash.verify(secret("passwore"), phc))
      count += 1
    }
    #expect(count == 7)
  }

  private func secret(_ text: String) -> Secret { Secret(copying: text.utf8) }
}
