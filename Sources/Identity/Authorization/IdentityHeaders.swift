/// The ten headers of a pass (contract, section 4): always all of them, empty where nothing is known, so that a gateway which
/// copies them never lets a client's own through.
///
/// Values are visible ASCII; anything else, `%` and the comma inside one item are percent-encoded as UTF-8 (RFC 3986).
package enum IdentityHeaders {
  /// Bytes of all fields together, names and line ends included.
  package static let mostBytes = 3072
  package static let omitted = "*omitted*"

  /// Field lines, ready to be sent. Past `mostBytes` permissions, then roles, become `*omitted*`.
  package static func fields(of principal: Principal?, token: String = "") -> [UInt8] {
    let whole = render(principal, token, roles: list(principal?.active.roles), permissions: list(principal?.active.permissions))
    guard whole.count > mostBytes else { return whole }
    let reduced = render(principal, token, roles: list(principal?.active.roles), permissions: omitted)
    guard reduced.count > mostBytes else { return reduced }
    return render(principal, token, roles: omitted, permissions: omitted)
  }

  private static func render(_ principal: Principal?, _ token: String, roles: String, permissions: String) -> [UInt8] {
    var fields: [UInt8] = []
    fields.reserveCapacity(512)
    func append(_ name: String, _ value: String) {
      fields.append(contentsOf: "X-Auth-\(name): \(value)\r\n".utf8)
    }
    append("Subject", escaped(principal?.subject ?? ""))
    append("Username", escaped(principal?.username ?? ""))
    append("Session", escaped(principal?.session ?? ""))
    append("Client", escaped(principal?.clientID ?? ""))
    append("Roles", roles)
    append("Permissions", permissions)
    append("AMR", list(principal?.methods))
    append("ACR", principal?.level?.rawValue ?? "")
    append("Actor", "")
    append("Token", token)
    return fields
  }

  private static func list(_ items: [String]?) -> String { (items ?? []).map(escaped).joined(separator: ",") }

  private static func escaped(_ text: String) -> String {
    guard !text.utf8.allSatisfy(isPlain) else { return text }
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      if isPlain(byte) {
        bytes.append(byte)
      } else {
        bytes.append(UInt8(ascii: "%"))
        bytes += [byte >> 4, byte & 15].map { $0 < 10 ? 48 + $0 : 55 + $0 }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte > 32 && byte < 127 && byte != UInt8(ascii: "%") && byte != UInt8(ascii: ",")
  }
}
