internal import Glibc

/// The folder that holds everything of one installation. A value: naming a folder touches nothing.
struct DataFolder: Sendable, Equatable {
  let path: String
  /// `--config FILE`, or `credentialflow.json5` in the folder.
  let configurationPath: String
  /// Whether `--config` named the file: then it must exist.
  let isConfigurationNamed: Bool

  static let standardPath = "/var/lib/credentialflow"

  init(path: String, configurationPath: String? = nil) {
    let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    self.path = trimmed
    self.configurationPath = configurationPath ?? "\(trimmed)/credentialflow.json5"
    isConfigurationNamed = configurationPath != nil
  }

  /// From `--data` and `--config`, then `$CREDENTIALFLOW_DATA`, then the standard folder.
  init(for invocation: Invocation, environment: [String: String]) throws(UsageError) {
    let path = invocation.value("data") ?? environment["CREDENTIALFLOW_DATA"] ?? Self.standardPath
    guard !path.isEmpty else { throw invocation.wrong("the data folder's name is empty") }
    if let file = invocation.value("config"), file.isEmpty { throw invocation.wrong("--config names no file") }
    self.init(path: path, configurationPath: invocation.value("config"))
  }

  var databasePath: String { "\(path)/credentialflow.db" }
  var masterKeyPath: String { "\(path)/master.key" }
  /// Cloudflare's list of networks, as it was fetched last.
  var edgeListPath: String { "\(path)/cloudflare-ips.json" }
  var lockPath: String { "\(path)/credentialflow.lock" }
  var templatesPath: String { "\(path)/templates" }
  var controlSocketPath: String { "\(path)/control.sock" }

  var exists: Bool { FileBytes.exists(path) }

  /// Refuses a folder that is not there, before anything else fails because of it.
  func require() throws(Refusal) {
    guard exists else {
      throw Refusal("there is no data folder \(path); make it with `credentialflow init --data \(path)`, or name another with --data")
    }
  }

  /// Makes the folder, 0700, with its parents. `false` where it is there.
  func create() throws(Refusal) -> Bool {
    guard !exists else { return false }
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/\(part)"
      guard !FileBytes.exists(made) else { continue }
      let mode: mode_t = made.count >= path.count ? 0o700 : 0o755
      guard mkdir(made, mode) == 0 || errno == EEXIST else { throw Refusal("\(made) cannot be made: \(SystemError.text(errno))") }
    }
    guard chmod(path, 0o700) == 0 else { throw Refusal("\(path) cannot be closed to others: \(SystemError.text(errno))") }
    return true
  }
}
