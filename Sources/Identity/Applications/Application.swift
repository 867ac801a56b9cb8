package import Cryptography
package import Primitives
package import Tokens

/// A program that signs users in, or calls on its own behalf. Its `client_id` is the text of its identifier.
package struct Application: Sendable, Equatable {
  package typealias ID = Identifier<Application>

  package let id: ID
  package let name: String
  package let isEnabled: Bool
  /// What its tokens are signed with.
  package let algorithm: SigningAlgorithm
  /// The `typ` of its access tokens.
  package let tokenType: TokenType
  /// What its tokens may be meant for, beside this server.
  package let audiences: [String]
  package let createdAt: Instant
  package let version: Int64

  package var clientID: String { id.description }

  /// 1 to 64 of letters, digits and `._-`, beginning with a letter or digit.
  package static func isName(_ text: String) -> Bool { Role.isName(text) }

  /// An audience is an absolute URI or a name, 1 to 200 visible ASCII characters without quotes.
  package static func isAudience(_ text: String) -> Bool {
    (1...200).contains(text.utf8.count)
      && text.utf8.allSatisfy { (33...126).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
  }
}

/// A key by which an application calls (`X-API-Key`): found by the id inside it, checked against the SHA-256 of its secret.
package struct APIKey: Sendable, Equatable {
  package typealias ID = Identifier<APIKey>

  package let id: ID
  package let application: Application.ID
  package let createdAt: Instant
  package let expiresAt: Instant?
  package let revokedAt: Instant?

  package func isLive(at instant: Instant) -> Bool { revokedAt == nil && expiresAt.map { instant < $0 } ?? true }
}
