/// The `typ` of the header.
package enum TokenType: String, Sendable, CaseIterable, Codable {
  /// RFC 9068.
  case accessToken = "at+jwt"
  /// For applications whose libraries know no other.
  case jwt = "JWT"
}

/// What a token is for: the claim `token_use`. A token for one use is refused at the doors of the others.
package enum TokenUse: String, Sendable, CaseIterable {
  case access
  case identity
}
