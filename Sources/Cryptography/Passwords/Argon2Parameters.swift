/// How much memory and how many passes a password hash costs (RFC 9106). One lane: libsodium computes no more at once.
package struct Argon2Parameters: Hashable, Sendable {
  package let memoryKiB: Int
  package let iterations: Int

  /// OWASP's first choice for Argon2id: 19 MiB, two passes.
  package static let standard = Argon2Parameters(memoryKiB: 19_456, iterations: 2)

  /// What libsodium computes, and what a hash that was read from a database may ask for.
  static let possibleMemoryKiB = 8...4_194_304
  static let possibleIterations = 1...1_024

  package init(memoryKiB: Int, iterations: Int) {
    self.memoryKiB = memoryKiB
    self.iterations = iterations
  }

  /// Time in units of one KiB written once, for hashes of about the same memory.
  package var work: Int { memoryKiB * iterations }

  var arePossible: Bool { Self.possibleMemoryKiB.contains(memoryKiB) && Self.possibleIterations.contains(iterations) }

  /// Reads `$argon2id$v=19$m=…,t=…,p=1$salt$hash`; `nil` for any other form, scheme or impossible cost.
  init?(phc: String) {
    let parts = phc.utf8.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false).map { String(Substring($0)) }
    guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19" else { return nil }
    let costs = parts[3].utf8.split(separator: UInt8(ascii: ",")).map { String(Substring($0)) }
    guard costs.count == 3, costs[0].hasPrefix("m="), costs[1].hasPrefix("t="), costs[2] == "p=1" else { return nil }
    guard let memory = Int(costs[0].dropFirst(2)), let passes = Int(costs[1].dropFirst(2)) else { return nil }
    self.init(memoryKiB: memory, iterations: passes)
    guard arePossible else { return nil }
  }
}
