/// The `typ` of the header.
package enum TokenType: String, Sendable, CaseIterable, Codable {
  /// RFC 9068.
  case accessToken = "at+jwt"
  /// For applications whose libraries know no other.
  case jwt = "JWT"
  /// Who a gateway's client is, for the service behind the gateway (contract, section 4).
  case identity = "cf-id+jwt"

  /// Those of access tokens, which an application may choose from.
  package static let ofAccess: [TokenType] = [.accessToken, .jwt]
}

/// What a token is for: the claim `token_use`. A token for one use is refused at the doors of the others.
package enum TokenUse: String, Sendable, CaseIterable {
  case access
  case identity
}
