package import Primitives
package enum VaultError: Error { case x }
package final class Vault: Sendable {
  package func seal(_ plaintext: Secret, as purpose: String, for row: [UInt8]) throws -> [UInt8] { [] }
  package func open(_ sealed: [UInt8], as purpose: String, for row: [UInt8]) throws -> Secret { Secret(copying: []) }
  package func subkey(_ label: String) -> Secret { Secret(copying: []) }
  package var pepper: (generation: Int, key: Secret) { (0, Secret(copying: [])) }
  package func pepper(generation: Int) -> Secret? { nil }
}
