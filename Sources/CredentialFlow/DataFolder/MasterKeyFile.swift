internal import Persistence
internal import Primitives

/// Where an installation's master key comes from, the first that is there: `$CREDENTIALFLOW_MASTER_KEY`, the file that
/// `$CREDENTIALFLOW_MASTER_KEY_FILE` names, systemd's credential `master.key`, `master.key` in the data folder.
enum MasterKeyFile {
  private static let limit = 1024

  /// The key. A source that is named and does not hold one is refused; the next is not tried.
  static func load(_ installation: Installation) throws(Refusal) -> MasterKey {
    if var text = installation.environment["CREDENTIALFLOW_MASTER_KEY"].map({ Array($0.utf8) }) {
      return try key(&text, from: "$CREDENTIALFLOW_MASTER_KEY")
    }
    let path = path(installation)
    guard FileBytes.exists(path) else {
      throw Refusal("there is no master key \(path); `credentialflow init` makes one for a new installation, for an old one put it back")
    }
    var text = try FileBytes.read(path, limit: limit)
    return try key(&text, from: path)
  }

  /// Makes `master.key` in the data folder where nothing says that the key is elsewhere. `false` where there is one. A database
  /// whose key is lost gets no new one: nothing in it could be opened.
  static func make(_ installation: Installation) throws(Refusal) -> Bool {
    let folder = installation.folder
    guard installation.environment["CREDENTIALFLOW_MASTER_KEY"] == nil, path(installation) == folder.masterKeyPath,
      !FileBytes.exists(folder.masterKeyPath)
    else { return false }
    guard !FileBytes.exists(folder.databasePath) else {
      throw Refusal("\(folder.databasePath) is there and \(folder.masterKeyPath) is not; put its master key back, a new one cannot open it")
    }
    var text = MasterKey().text
    defer { Secret.wipe(&text) }
    return try FileBytes.create(folder.masterKeyPath, text, mode: 0o600)
  }

  /// The file that counts, whether it is there or not.
  static func path(_ installation: Installation) -> String {
    if let named = installation.environment["CREDENTIALFLOW_MASTER_KEY_FILE"] { return named }
    if let directory = installation.environment["CREDENTIALS_DIRECTORY"], FileBytes.exists("\(directory)/master.key") {
      return "\(directory)/master.key"
    }
    return installation.folder.masterKeyPath
  }

  private static func key(_ text: inout [UInt8], from source: String) throws(Refusal) -> MasterKey {
    defer { Secret.wipe(&text) }
    guard let key = MasterKey(text: Secret(copying: text)) else {
      throw Refusal("\(source) holds no master key: 32 bytes as base64url or hexadecimal are expected")
    }
    return key
  }
}
