internal import API
internal import Defense
internal import Identity
internal import Persistence
internal import Primitives
internal import Server

/// Everything that can be set: a list of the modules' slices, each read by the code that uses it.
struct Configuration: Settings {
  let service: ServiceSettings
  let operations: OperationsSettings
  let limits: ServerSettings
  let clients: ClientSettings
  let verification: VerificationSettings
  let cors: CrossOriginSettings
  let pace: PaceSettings
  let accounts: AccountSettings
  let hashing: HashingSettings
  let tokens: TokenSettings
  let database: DatabaseSettings

  init(from reader: SettingsReader) throws(SettingsError) {
    service = try ServiceSettings(from: reader)
    operations = try reader.section("operations")
    limits = try reader.section("limits")
    clients = try reader.section("clients")
    verification = try reader.section("verification")
    cors = try reader.section("cors")
    pace = try reader.section("pace")
    accounts = try reader.section("accounts")
    hashing = try reader.section("hashing")
    tokens = try reader.section("tokens")
    database = try reader.section("database")
  }
}

/// The keys that stand at the top: who this server says it is, and where it listens.
struct ServiceSettings: Settings {
  /// The `iss` of every token. Empty: `publicURL`.
  let issuer: String
  /// Where people and applications reach this server, without a slash at the end.
  let publicURL: String
  /// `HOST:PORT` of the public listener.
  let listen: String
  /// What authenticator apps show beside the username.
  let name: String

  init(from reader: SettingsReader) throws(SettingsError) {
    listen = try reader.string("listen", default: "127.0.0.1:8080")
    publicURL = try reader.string("publicURL", default: "http://127.0.0.1:8080")
    let named = try reader.string("issuer", default: "")
    issuer = named.isEmpty ? publicURL : named
    for (key, url) in [("publicURL", publicURL), ("issuer", issuer)] {
      guard url.hasPrefix("https://") || url.hasPrefix("http://"), !url.hasSuffix("/"), !url.contains(where: { " ?#".contains($0) })
      else { throw reader.wrong(key, "expected an http or https address without a slash, query or fragment at its end, found '\(url)'") }
    }
    guard listen.contains(":") else { throw reader.wrong("listen", "expected HOST:PORT, found '\(listen)'") }
    name = try reader.string("name", default: "CredentialFlow")
  }
}

/// The listener for metrics, readiness and administration.
struct OperationsSettings: Settings {
  let listen: String

  init(from reader: SettingsReader) throws(SettingsError) {
    listen = try reader.string("listen", default: "127.0.0.1:8081")
    guard listen.contains(":") else { throw reader.wrong("listen", "expected HOST:PORT, found '\(listen)'") }
  }
}
