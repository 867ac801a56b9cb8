private import JSON
private import Primitives

extension Claims {
  /// Reads the claims of a token whose signature is already checked. Every claim of ours has to be there and of its type; others
  /// are passed over. Throws `malformed`.
  static func parse(_ bytes: [UInt8]) throws(TokenError) -> Claims {
    var draft = ClaimsDraft()
    do {
      try draft.read(bytes)
    } catch {
      throw .malformed
    }
    guard let claims = draft.claims else { throw .malformed }
    return claims
  }
}

/// Claims while they are being read, in whatever order they come.
private struct ClaimsDraft {
  /// No time later than the year 9999, so that no arithmetic overflows.
  private static let possibleSeconds: ClosedRange<Int64> = 0...253_402_300_799

  private var issuer: String?
  private var subject: String?
  private var audience: [String] = []
  private var expiresAt: Instant?
  private var issuedAt: Instant?
  private var notBefore: Instant?
  private var tokenID: String?
  private var clientID: String?
  private var use: TokenUse?
  private var roles: [String] = []
  private var permissions: [String] = []
  private var arePermissionsOmitted = false
  private var session: String?
  private var authenticatedAt: Instant?
  private var methods: [String] = []
  private var level: String?

  mutating func read(_ bytes: [UInt8]) throws {
    var cursor = JSONCursor(bytes)
    try cursor.enterObject()
    while let name = try cursor.nextName() { try read(name, &cursor) }
    try cursor.finish()
  }

  /// `nil` where one of the claims that every token has is missing.
  var claims: Claims? {
    guard let issuer, let subject, !audience.isEmpty, let expiresAt, let issuedAt, let notBefore, let tokenID, let clientID, let use
    else { return nil }
    var claims = Claims(
      issuer: issuer, subject: subject, audience: audience, issuedAt: issuedAt, lifetime: .zero, tokenID: tokenID, clientID: clientID,
      use: use)
    claims.expiresAt = expiresAt
    claims.notBefore = notBefore
    claims.roles = roles
    claims.permissions = permissions
    claims.arePermissionsOmitted = arePermissionsOmitted
    if let session {
      guard let authenticatedAt, let level else { return nil }
      claims.session = SessionClaims(id: session, authenticatedAt: authenticatedAt, methods: methods, level: level)
    }
    return claims
  }

  private mutating func read(_ name: String, _ cursor: inout JSONCursor) throws {
    switch name {
    case "iss": issuer = try cursor.string()
    case "sub": subject = try cursor.string()
    case "aud": audience = try cursor.kind() == .array ? try cursor.strings() : [try cursor.string()]
    case "exp": expiresAt = try instant(&cursor)
    case "iat": issuedAt = try instant(&cursor)
    case "nbf": notBefore = try instant(&cursor)
    case "jti": tokenID = try cursor.string()
    case "client_id": clientID = try cursor.string()
    case "token_use": use = try tokenUse(&cursor)
    case "roles": roles = try cursor.strings()
    case "permissions": permissions = try cursor.strings()
    case "permissions_omitted": arePermissionsOmitted = try cursor.boolean()
    case "sid": session = try cursor.string()
    case "auth_time": authenticatedAt = try instant(&cursor)
    case "amr": methods = try cursor.strings()
    case "acr": level = try cursor.string()
    default: try cursor.skip()
    }
  }

  private func instant(_ cursor: inout JSONCursor) throws -> Instant {
    let seconds = try cursor.integer()
    guard Self.possibleSeconds.contains(seconds) else { throw TokenError.malformed }
    return Instant(unixSeconds: seconds)
  }

  private func tokenUse(_ cursor: inout JSONCursor) throws -> TokenUse {
    guard let use = TokenUse(rawValue: try cursor.string()) else { throw TokenError.malformed }
    return use
  }
}
