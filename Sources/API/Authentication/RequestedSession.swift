internal import Cryptography
internal import Identity
internal import JSON
internal import Primitives

extension RequestedSession {
  /// Reads `roles`, `audience`, `device_token` and `device`, all of which may be absent.
  init(_ body: JSONObjectReader, in context: SignInContext, issuer: String) throws {
    let roles = try body.stringsIfPresent("roles")
    guard roles.map({ (1...64).contains($0.count) && $0.allSatisfy(Role.isName) }) ?? true else {
      throw body.wrong("roles", "expected 1 to 64 names of roles; leave it out to activate all")
    }
    let audience = try body.stringIfPresent("audience") ?? issuer
    guard context.mayHave(audience, issuer: issuer) else {
      throw body.wrong(
        "audience", "this application may not ask for that audience; PATCH /admin/v1/apps/{id} or 'app set --audience' allows one")
    }
    // A device token that is malformed is no evidence, which is no error: the client may hold one of another server.
    let deviceToken = try body.stringIfPresent("device_token").flatMap { OpaqueCredential(parsing: $0, as: .deviceToken) }
    self.init(audience: audience, roles: roles, deviceToken: deviceToken, deviceName: try Self.deviceName(body))
  }

  private static func deviceName(_ body: JSONObjectReader) throws -> String {
    let name = try body.stringIfPresent("device") ?? ""
    guard VisibleText.isName(name, lengths: 0...100) else {
      throw body.wrong("device", "expected at most 100 characters that can be seen")
    }
    return name
  }
}
