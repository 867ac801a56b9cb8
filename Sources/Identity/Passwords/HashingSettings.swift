package import Cryptography
internal import Glibc
package import Primitives

/// The configuration's `hashing`: what a password costs to check, and how many are checked at once.
package struct HashingSettings: Settings {
  /// Argon2id, OWASP's first choice: 19 MiB, two passes.
  package let parameters: Argon2Parameters
  /// How many hashes run at once; in the file 0 is one per core.
  package let lanes: Int
  /// How many more may wait; past it sign-ins are refused with 503 and `Retry-After`.
  package let queue: Int

  package init(from reader: SettingsReader) throws(SettingsError) {
    parameters = Argon2Parameters(
      memoryKiB: try reader.integer("memoryKiB", default: 19_456, in: 8...4_194_304),
      iterations: try reader.integer("iterations", default: 2, in: 1...64))
    let lanes = try reader.integer("lanes", default: 0, in: 0...256)
    self.lanes = lanes == 0 ? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) : lanes
    queue = try reader.integer("queue", default: 256, in: 1...65_536)
  }
}

/// The configuration's `accounts`.
package struct AccountSettings: Settings {
  /// Letters and digits of every script in usernames, not just ASCII.
  package let allowsUnicode: Bool

  package init(from reader: SettingsReader) throws(SettingsError) {
    allowsUnicode = try reader.boolean("allowUnicode", default: false)
  }
}
