internal import Primitives

/// The composition root: the only file that creates objects of two modules. Whoever holds the data folder's lock has one.
final class Application: Sendable {
  let installation: Installation
  let configuration: Configuration
  let now: Now

  private init(installation: Installation, configuration: Configuration, now: Now) {
    self.installation = installation
    self.configuration = configuration
    self.now = now
  }

  /// Opens everything that commands work on; starts nothing. The caller holds the folder's lock.
  static func open(_ installation: Installation, configuration: Configuration, now: Now = .system) async throws -> Application {
    Application(installation: installation, configuration: configuration, now: now)
  }

  /// Makes `master.key` where the folder has none. `false` where there is one. A database without its key is never given a new
  /// one: nothing in it could be opened any more.
  static func makeMasterKey(in installation: Installation) throws(Refusal) -> Bool {
    let folder = installation.folder
    guard !FileBytes.exists(folder.masterKeyPath) else { return false }
    guard !FileBytes.exists(folder.databasePath) else {
      throw Refusal("\(folder.databasePath) is there and \(folder.masterKeyPath) is not; put its master key back, a new one cannot open it")
    }
    var random = SystemRandomNumberGenerator()
    var key = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    defer { Secret.wipe(&key) }
    return try FileBytes.create(folder.masterKeyPath, key, mode: 0o600)
  }

  /// Starts the listeners and answers the addresses that they are bound to.
  func start(listen: String?) async throws -> [String] { [] }

  /// Whether every event loop answers: what the watchdog asks.
  func isAnswering() async -> Bool { true }

  /// Takes no new connections and finishes what is under way, within `timeout`.
  func drain(within timeout: Duration) async {}

  /// Finishes what is queued and closes.
  func close() async {}
}
