internal import Glibc
internal import Persistence
internal import Primitives

/// Where the master key comes from: the environment, systemd's credentials, or `master.key` in the data folder.
struct MasterKeyFile: Sendable {
  private let installation: Installation

  init(_ installation: Installation) { self.installation = installation }

  private var folder: DataFolder { installation.folder }
  private static let limit = 1024

  /// The file in the folder, or a place that the operator set and this program does not write to.
  private enum Source {
    case folder(String)
    case outside(String, Secret)
  }

  /// Makes `master.key` where the folder needs one and has none, and says where the key is. A database without its key is never
  /// given a new one: nothing in it could be opened any more.
  func make() throws -> (place: String, isNew: Bool) {
    let path: String
    switch try source() {
    case .outside(let place, _): return (place, false)
    case .folder(let file): path = file
    }
    guard !FileBytes.exists(path) else { return (path, false) }
    guard !FileBytes.exists(folder.databasePath) else {
      throw Refusal("\(folder.databasePath) is there and \(path) is not; put its master key back, a new one cannot open it")
    }
    return (path, try FileBytes.create(path, MasterKey().text, mode: 0o600))
  }

  /// Opens the vault. Where a rotation was cut short between the database's commit and the rename of the file, the new key is
  /// the one that fits, and the rename is done now.
  func openVault(_ database: any Database, now: Now) async throws -> Vault {
    do {
      return try await Vault.open(database, try load(), now: now)
    } catch VaultError.wrongMasterKey {
      guard case .folder(let path) = try source(), FileBytes.exists(successorPath) else { throw VaultError.wrongMasterKey }
      let vault = try await Vault.open(database, try read(successorPath), now: now)
      try replace(path)
      return vault
    }
  }

  /// A new master key: written beside the old one, put in force in the database, then moved over the old one. Cut short
  /// anywhere, one of the two files opens the database. The caller runs one rotation at a time.
  func rotate(
    _ vault: Vault, at instant: Instant, record: @escaping @Sendable (any Transaction) throws -> Void
  ) async throws -> MasterKey {
    guard case .folder(let path) = try source() else {
      throw Refusal("the master key does not come from \(folder.masterKeyPath); this command can only replace that file")
    }
    if FileBytes.exists(successorPath) {
      // Left by a rotation that was cut short. It may be the key in force: only where the old one still is, it can go.
      guard try await vault.isSealed(under: try read(path)) else {
        throw Refusal("a rotation was cut short and \(successorPath) is the key in force; restart the server, which puts it in place")
      }
      unlink(successorPath)
    }
    let master = MasterKey()
    guard try FileBytes.create(successorPath, master.text, mode: 0o600) else { throw Refusal("\(successorPath) is in the way") }
    try FileBytes.syncFolder(folder.path)
    try await vault.rotate(to: master, at: instant, record: record)
    try replace(path)
    return master
  }

  func load() throws -> MasterKey {
    switch try source() {
    case .folder(let path): return try read(path)
    case .outside(let name, let text):
      guard let master = MasterKey(text: text) else { throw Refusal("\(name) holds no master key: 32 bytes in base64url or hexadecimal") }
      return master
    }
  }

  private var successorPath: String { folder.masterKeyPath + ".new" }

  private func replace(_ path: String) throws {
    guard rename(successorPath, path) == 0 else { throw Refusal("\(path) cannot be replaced: \(SystemError.text(errno))") }
    try FileBytes.syncFolder(folder.path)
  }

  /// The first of: `CREDENTIALFLOW_MASTER_KEY`, `CREDENTIALFLOW_MASTER_KEY_FILE`, `$CREDENTIALS_DIRECTORY/master.key`, the folder.
  private func source() throws -> Source {
    let environment = installation.environment
    if let text = environment["CREDENTIALFLOW_MASTER_KEY"] { return .outside("CREDENTIALFLOW_MASTER_KEY", Secret(copying: text.utf8)) }
    let named = environment["CREDENTIALFLOW_MASTER_KEY_FILE"]
    let credential = environment["CREDENTIALS_DIRECTORY"].map { $0 + "/master.key" }.flatMap { FileBytes.exists($0) ? $0 : nil }
    guard let path = named ?? credential else { return .folder(folder.masterKeyPath) }
    return .outside(path, try text(path))
  }

  private func read(_ path: String) throws -> MasterKey {
    guard FileBytes.exists(path) else {
      throw Refusal(
        "\(path) is missing; put the master key back, or make a new installation in another folder: credentialflow init --data DIR")
    }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
      throw Refusal("\(path) is open to other users of this machine; close it: chmod 600 \(path)")
    }
    guard let master = MasterKey(text: try text(path)) else {
      throw Refusal("\(path) holds no master key: 32 bytes in base64url or hexadecimal")
    }
    return master
  }

  private func text(_ path: String) throws -> Secret {
    var bytes = try FileBytes.read(path, limit: Self.limit)
    defer { Secret.wipe(&bytes) }
    return Secret(copying: bytes)
  }
}
