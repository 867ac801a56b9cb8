internal import API
internal import Cryptography
internal import Identity
internal import JSON
internal import Persistence
internal import Primitives
internal import Tokens

/// `key …`: the keys that sign tokens, and the master key that seals everything at rest.
enum KeyCommands {
  static let rows = [list, rotate, revoke]

  private static let list = Command(
    "key list", "Lists the signing keys, their stages, and when the next begins", examples: ["key list", "key list --json"],
    action: .application { invocation, console, application in
      let keys = application.signingKeys
      let life = SigningKeyLife(try await keys.list(), keys.schedule)
      if invocation.isJSON {
        console.json { json in json.array(life.records) { json, record in json.signingKey(record, of: life) } }
      } else {
        console.table(
          ["KID", "ALGORITHM", "STATE", "MADE", "NEXT"],
          life.records.map { record in
            let next = life.next(of: record).map { "\($0.stage.rawValue) \($0.at.rfc3339())" } ?? "-"
            return [record.kid, record.algorithm.rawValue, record.stage.rawValue, record.createdAt.rfc3339(), next]
          })
      }
      return .done
    })

  private static let rotate = Command(
    "key rotate", "Publishes successors of the signing keys, which sign after keys.publicationLead; or replaces the master key",
    options: [
      .flag("now", "sign with the successors at once: verifiers that keep the published set refuse them until they fetch it again"),
      .value("algorithm", "ES256|RS256|EdDSA", "only the key of this algorithm (default: all)"),
      .flag("master", "instead: replace the master key and seal everything anew"),
    ],
    examples: ["key rotate", "key rotate --now --algorithm ES256", "key rotate --master"],
    action: .application { invocation, console, application in
      guard !invocation.has("master") else { return try await rotateMaster(invocation, console, application) }
      let algorithms = try algorithms(invocation)
      switch try await application.keyRotation.rotate(algorithms, isImmediate: invocation.has("now"), by: console.provenance) {
      case .done, .nothingToDo: break
      case .tooMany: throw Refusal("too many keys are still retiring; wait until 'key list' shows fewer")
      }
      for record in try await application.signingKeys.list() where algorithms.contains(record.algorithm) {
        switch record.stage {
        case .active where invocation.has("now"): console.line("\(record.algorithm.rawValue) \(record.kid) signs now")
        case .published:
          console.line("\(record.algorithm.rawValue) \(record.kid) is published and signs from \(record.activatesAt?.rfc3339() ?? "-")")
        default: break
        }
      }
      return .done
    })

  private static func algorithms(_ invocation: Invocation) throws(UsageError) -> [SigningAlgorithm] {
    guard let name = invocation.value("algorithm") else { return SigningAlgorithm.allCases }
    guard let algorithm = SigningAlgorithm(rawValue: name) else {
      throw invocation.wrong("--algorithm takes one of ES256, RS256, EdDSA, not '\(name)'")
    }
    return [algorithm]
  }

  private static func rotateMaster(
    _ invocation: Invocation, _ console: Console, _ application: Application
  ) async throws -> ExitStatus {
    guard !invocation.has("now"), !invocation.has("algorithm") else { throw invocation.wrong("--master goes alone") }
    let count = try await application.rotateMasterKey(by: console.provenance)
    console.line("\(application.installation.folder.masterKeyPath) is replaced; \(count) sealed values lie under the new key")
    console.note("Back up the new master key now: the old one opens this database no more.")
    return .done
  }

  private static let revoke = Command(
    "key revoke", "Takes a signing key out of use at once: every token by it is refused from now on",
    arguments: [.init("KID", "the key, as 'key list' shows it")], examples: ["key revoke 1nWS7Z0sXq4pYzR2m0kF5w3h8bJcLdTgVaEuXiKoPqs"],
    action: .application { invocation, console, application in
      let kid = try invocation.argument("KID")
      switch try await application.keyRotation.revoke(kid, by: console.provenance) {
      case .done: console.line("\(kid) is gone; verifiers elsewhere learn it from /oauth/revocations or the next key set they fetch")
      case .nothingToDo, .tooMany: throw Refusal("\(kid) is gone already")
      case nil: throw Refusal("there is no signing key '\(kid)'; 'key list' shows them")
      }
      return .done
    })
}
