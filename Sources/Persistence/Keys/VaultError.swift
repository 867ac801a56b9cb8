/// What can go wrong with keys at rest. For the log and for commands, never for a caller.
package enum VaultError: Error, Equatable, CustomStringConvertible {
  case wrongMasterKey
  /// A sealed value that does not open: moved to another row or column, changed, or its key generation is gone.
  case notAuthentic(purpose: String)
  case incompleteKeyring

  package var description: String {
    switch self {
    case .wrongMasterKey: "the master key does not open this database; put back the one that it was made with"
    case .notAuthentic(let purpose): "a sealed value (\(purpose)) does not open: it was changed or moved, or its key is gone"
    case .incompleteKeyring: "the keyring lacks a key; restore the database from a backup"
    }
  }
}
