internal import Cryptography
internal import Identity
internal import JSON
internal import Persistence
internal import Primitives
internal import Tokens

/// `key …`: the keys that sign tokens, and the master key that seals everything at rest.
enum KeyCommands {
  static let rows = [list, rotate]

  private static let list = Command(
    "key list", "Lists the signing keys", examples: ["key list", "key list --json"],
    action: .application { invocation, console, application in
      let keys = try await application.signingKeys.list()
      if invocation.isJSON {
        console.json { json in
          json.array(keys) { json, key in
            json.object { json in
              json.member("kid", key.key.thumbprint)
              json.member("algorithm", key.key.algorithm.rawValue)
              json.member("state", key.state.rawValue)
              json.member("created_at", key.createdAt.rfc3339())
            }
          }
        }
      } else {
        console.table(
          ["KID", "ALGORITHM", "STATE", "MADE"],
          keys.map { [$0.key.thumbprint, $0.key.algorithm.rawValue, $0.state.rawValue, $0.createdAt.rfc3339()] })
      }
      return .done
    })

  private static let rotate = Command(
    "key rotate", "Replaces the master key (--master) and seals everything anew",
    options: [.flag("master", "required: the master key is the only key that is rotated by hand so far")],
    examples: ["key rotate --master"],
    action: .application { invocation, console, application in
      guard invocation.has("master") else { throw invocation.wrong("say which key: --master") }
      let count = try await application.rotateMasterKey(by: console.provenance)
      console.line("\(application.installation.folder.masterKeyPath) is replaced; \(count) sealed values lie under the new key")
      console.note("Back up the new master key now: the old one opens this database no more.")
      return .done
    })
}
