internal import API
internal import Defense
internal import Delivery
internal import HTTP
internal import Identity
internal import Persistence
internal import Primitives
internal import Server
internal import Transport
internal import WebAuthn

/// Everything that can be set: a list of the modules' slices, each read by the code that uses it.
struct Configuration: Settings {
  let service: ServiceSettings
  let operations: OperationsSettings
  let admin: AdministrationSettings
  let accounts: AccountSettings
  let authz: DecisionSettings
  let clients: ClientSettings
  let cors: CrossOriginSettings
  let cloudflare: CloudflareSettings
  let database: DatabaseSettings
  let devices: DeviceSettings
  let edge: EdgeSettings
  let hashing: HashingSettings
  let keys: KeySettings
  let limits: ServerSettings
  let links: LinkSettings
  let mail: MailSettings
  let messages: MessageSettings
  let pace: PaceSettings
  let passwords: PasswordSettings
  let proxies: [ProxySettings]
  let registration: RegistrationSettings
  let sms: SMSSettings
  let tls: TLSSettings
  let tokens: TokenSettings
  let verification: VerificationSettings
  let webauthn: PasskeySettings
  /// Everything as it is in force, secrets hidden.
  let effective: SettingsValue

  init(from reader: SettingsReader) throws(SettingsError) {
    service = try ServiceSettings(from: reader)
    operations = try reader.section("operations")
    admin = try reader.section("admin")
    accounts = try reader.section("accounts")
    authz = try reader.section("authz")
    clients = try reader.section("clients")
    cors = try reader.section("cors")
    cloudflare = try reader.section("cloudflare")
    database = try reader.section("database")
    devices = try reader.section("devices")
    edge = try reader.section("edge")
    hashing = try reader.section("hashing")
    keys = try reader.section("keys")
    limits = try reader.section("limits")
    links = try reader.section("links")
    mail = try reader.section("mail")
    messages = try reader.section("messages")
    pace = try reader.section("pace")
    passwords = try reader.section("passwords")
    proxies = try reader.list("proxies")
    registration = try reader.section("registration")
    sms = try reader.section("sms")
    tls = try reader.section("tls")
    tokens = try reader.section("tokens")
    verification = try reader.section("verification")
    let (publicURL, name) = (service.publicURL, service.name)
    webauthn = try reader.section("webauthn") { reader throws(SettingsError) in
      try PasskeySettings(from: reader, publicURL: publicURL, name: name)
    }
    effective = .object(reader.effective)
    try refuseContradictions(reader)
  }

  /// Sections that are right each, and not together.
  private func refuseContradictions(_ reader: SettingsReader) throws(SettingsError) {
    if edge.isRequired, !proxies.contains(where: { $0.rule.dialect == .cloudflare }) {
      throw reader.wrong("edge.required", "nobody could come through the edge: name a proxy of the dialect cloudflare in 'proxies'")
    }
    if HTTPSAddress(cloudflare.rangesURL) == nil {
      throw reader.wrong("cloudflare.rangesURL", "expected an https address, found '\(cloudflare.rangesURL)'")
    }
    if registration.isEnabled, mail.server == nil {
      throw reader.wrong("registration.enabled", "a new address is confirmed by mail: set 'mail.url'")
    }
  }
}

/// The keys that stand at the top: who this server says it is, and where it listens.
struct ServiceSettings: Settings {
  /// What people see: beside their codes in an authenticator, for one.
  let name: String
  /// The `iss` of every token. Empty: `publicURL`.
  let issuer: String
  /// Where people and applications reach this server, without a slash at the end.
  let publicURL: String
  /// `HOST:PORT` of the public listener, or `unix:` and a path.
  let listen: String
  let socketMode: SocketMode

  init(from reader: SettingsReader) throws(SettingsError) {
    name = try reader.string("name", default: "CredentialFlow")
    listen = try reader.string("listen", default: "127.0.0.1:8080")
    socketMode = try reader.choice("socketMode", default: .owner)
    publicURL = try reader.string("publicURL", default: "http://127.0.0.1:8080")
    let named = try reader.string("issuer", default: "")
    issuer = named.isEmpty ? publicURL : named
    for (key, url) in [("publicURL", publicURL), ("issuer", issuer)] {
      guard url.hasPrefix("https://") || url.hasPrefix("http://"), !url.hasSuffix("/"), !url.contains(where: { " ?#".contains($0) })
      else { throw reader.wrong(key, "expected an http or https address without a slash, query or fragment at its end, found '\(url)'") }
    }
    try ListenAddress.require(listen, reader)
    guard !name.isEmpty, name.utf8.count <= 64, !name.contains(":") else {
      throw reader.wrong("name", "expected 1 to 64 bytes without a colon")
    }
  }

  /// The DNS name by which `publicURL` leads here over https, in lower case; empty where it is none.
  var securedHost: String {
    let scheme = "https://"
    guard publicURL.hasPrefix(scheme) else { return "" }
    let host = publicURL.dropFirst(scheme.count).prefix { $0 != "/" && $0 != ":" }.lowercased()
    return host.hasPrefix("[") || IPAddress(host) != nil ? "" : host
  }
}

/// The listener for readiness and administration.
struct OperationsSettings: Settings {
  /// `HOST:PORT`, or `unix:` and a path; one that is not absolute stands in the data folder.
  let listen: String
  let socketMode: SocketMode
  let tls: TLSSettings

  init(from reader: SettingsReader) throws(SettingsError) {
    listen = try reader.string("listen", default: "127.0.0.1:8081")
    socketMode = try reader.choice("socketMode", default: .owner)
    tls = try reader.section("tls")
    try ListenAddress.require(listen, reader)
  }
}

/// Of a Unix-domain socket's file: who may connect.
enum SocketMode: String, CaseIterable {
  case owner = "0600"
  case group = "0660"
  case everybody = "0666"

  var bits: UInt32 { UInt32(rawValue, radix: 8) ?? 0o600 }
}

extension ListenAddress {
  /// What `listen` says must be an address: names are not resolved.
  fileprivate static func require(_ text: String, _ reader: SettingsReader) throws(SettingsError) {
    guard ListenAddress(text) == nil else { return }
    throw reader.wrong(
      "listen", "expected HOST:PORT with an IP address, '*' or localhost and a port up to 65535, or unix:PATH, found '\(text)'")
  }

  /// Whether both cannot be listened on at once.
  func collides(with other: ListenAddress) -> Bool {
    switch (self, other) {
    case (.internet(_, 0), _): false
    case (.internet(let one, let port), .internet(let another, let otherPort)):
      port == otherPort && (one == another || one.covers(another) || another.covers(one))
    default: self == other
    }
  }
}

extension IPAddress {
  /// Whether who listens here listens there too: `::` takes both families.
  fileprivate func covers(_ other: IPAddress) -> Bool { isUnspecified && (!isIPv4 || other.isIPv4) }
}

extension Configuration {
  /// Two listeners need two addresses. `listen` is what takes the place of the configuration's. Throws a `Refusal`.
  func refuseOneAddressForBoth(listen: String? = nil) throws {
    let (open, closed) = (listen ?? service.listen, operations.listen)
    guard let world = ListenAddress(open), let own = ListenAddress(closed), world.collides(with: own) else { return }
    throw Refusal("operations.listen: '\(closed)' is taken by \(listen == nil ? "'listen'" : "--listen"), '\(open)'; each needs its own")
  }
}
