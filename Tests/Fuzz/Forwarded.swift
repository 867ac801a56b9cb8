import HTTP
import Primitives

/// The first byte chooses dialect and hops, the rest are the lines of the field. Holds what is read against three promises: what is
/// proven is an address in its one form; lines joined by a comma say what the lines say; nothing to the left of what counts matters.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let choice = bytes.first else { return 0 }
  let dialect = [ProxyDialect.forwarded, .forwarded, .forwardedFor, .cloudflare][Int(choice & 3)]
  let hops = dialect == .cloudflare ? 1 : Int(choice >> 2 & 7) + 1
  let lines = bytes.dropFirst().split(separator: 10).map { String(decoding: $0, as: UTF8.self) }
  let client = read(lines, dialect, hops)
  guard let address = client.address, !isUnproven(client) else { return 0 }
  precondition(IPAddress(address.description) == address && !address.isUnspecified, "\(address)")
  guard dialect != .cloudflare else { return 0 }
  precondition(read([lines.joined(separator: ",")], dialect, hops) == client, "joined: \(lines)")
  for garbage in ["\"", "\\", "for=\"6.6.6.6", ",", "x\\\""] {
    precondition(read([garbage] + lines, dialect, hops) == client, "\(garbage) before \(lines)")
    precondition(read([garbage + "," + lines.joined(separator: ",")], dialect, hops) == client, "\(garbage) joined to \(lines)")
  }
  return 0
}

private let own = ClientAddress(of: .internet(.loopback, port: 1))

private func read(_ lines: [String], _ dialect: ProxyDialect, _ hops: Int) -> ClientAddress {
  let name = dialect == .forwarded ? "forwarded" : dialect == .forwardedFor ? "x-forwarded-for" : "cf-connecting-ip"
  return ClientAddress(own, reading: Headers(lines.map { (name, $0) }), by: ProxyRule(dialect, hops: hops))
}

private func isUnproven(_ client: ClientAddress) -> Bool { if case .unproven = client.proof { true } else { false } }
