internal import HTTP
internal import Primitives
internal import Telemetry
internal import Transport

/// Who calls, as a request carries it and as the log writes it.
struct RequestClient {
  let address: ClientAddress
  let text: [UInt8]

  init(_ address: ClientAddress) {
    self.address = address
    text = Array(address.description.utf8)
  }
}

/// Says who calls on one connection: mostly its peer, worked out once; where the peer is a proxy, whom each request names.
struct ConnectionClients {
  /// The peer's own.
  let own: RequestClient
  private var rule: ProxyRule?
  private var generation: UInt64 = 0

  init(_ connection: Connection) { own = RequestClient(ClientAddress(of: connection.peer, isAnnounced: connection.isPeerAnnounced)) }

  mutating func client(of headers: Headers, _ context: LoopContext) -> RequestClient {
    let client = named(by: headers, context)
    if let site = client.address.site { context.clients.anticipates(site) }
    return client
  }

  private mutating func named(by headers: Headers, _ context: LoopContext) -> RequestClient {
    let generation = context.clients.proxies.generation
    if generation != self.generation {
      self.generation = generation
      rule = context.clients.proxies.current.rule(for: own.address.peer)
    }
    guard let rule else { return own }
    let address = ClientAddress(own.address, reading: headers, by: rule)
    context.doubted(address)
    return address == own.address ? own : RequestClient(address)
  }
}

extension LogLines {
  /// What the edge said beside the address.
  mutating func edge(_ facts: EdgeFacts) {
    if let ray = facts.ray { field("cf_ray", utf8: ray.utf8) }
    if let country = facts.country { field("cf_country", utf8: country.utf8) }
    if let ja4 = facts.ja4 { field("cf_ja4", utf8: ja4.utf8) }
  }
}
