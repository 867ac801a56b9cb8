import Cryptography
import Identity
import Journal
import Persistence
import Primitives

@testable import CredentialFlow

/// What an attacker can make who knows our formats but none of our keys.
enum Forgery {
  /// A well-formed refresh token of a session whose id is known.
  static func refreshToken(session text: String) -> String? {
    Session.ID(text).map { OpaqueCredential(.refreshToken, for: $0).text }
  }
}

extension World {
  /// The entries of one action, oldest first.
  func audit(_ action: String) async throws -> [AuditEntry] {
    try await application.database.read { try AuditLog($0).tail(10_000) }.filter { $0.action == action }
  }

  /// A command that another process sends to this server.
  func command(_ words: String...) async -> ControlReply {
    await CommandRunner(table: CommandTable.all, environment: [:]).run(
      ControlRequest(words: words, isTerminal: false, input: nil), in: application)
  }

  /// What runs beside the server every twenty seconds.
  func prune() async throws {
    try await Pruning(
      database: application.database, settings: application.configuration.tokens, revoked: RevokedTokens(),
      passkeys: Passkeys(settings: application.configuration.webauthn), now: clock.now
    ).run()
  }
}
