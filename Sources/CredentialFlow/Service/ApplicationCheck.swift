internal import Cryptography
internal import Delivery
internal import Identity
internal import Journal
internal import Persistence
internal import Primitives
internal import Tokens

/// Checks of an application that opened, and so of a master key that fits. A check more is a line more.
struct ApplicationCheck: Sendable {
  let name: String
  let run: @Sendable (Application) async -> Finding

  static let all = [
    ApplicationCheck(name: "database") { application in
      await finding("restore a backup, or look at the disk") {
        try await application.database.transaction { try $0.run("SELECT 1 AS one") }
        return "opens, reads and takes writes"
      }
    },
    ApplicationCheck(name: "migrations") { application in
      await finding("run the program that made this database, or a newer one") {
        let pending = try await Migrator(application.database, now: application.now).pending()
        guard pending == 0 else { throw Refusal("\(pending) are still to run; 'credentialflow migrate' runs them") }
        return "none pending"
      }
    },
    ApplicationCheck(name: "keys") { application in
      await finding("'credentialflow init' makes what is missing") {
        let active = try await application.signingKeys.list().filter { $0.stage == .active }
        let missing = SigningAlgorithm.allCases.filter { algorithm in !active.contains { $0.algorithm == algorithm } }
        guard missing.isEmpty else { throw Refusal("no active key for \(missing.map(\.rawValue).joined(separator: ", "))") }
        return "the master key fits; \(active.count) signing keys are active"
      }
    },
    ApplicationCheck(name: "registration") { application in
      await finding("'role add' makes it, or take it out of registration.roles") {
        guard application.configuration.registration.isEnabled else { return "off" }
        let roles = application.configuration.registration.roles
        let missing = try await application.roles.missing(of: roles)
        guard missing.isEmpty else {
          let names = missing.map { "'\($0)'" }.joined(separator: ", ")
          throw Refusal("registration.roles: there is no role \(names), and nobody can register")
        }
        return "on; new accounts hold \(roles.isEmpty ? "no role" : roles.joined(separator: ", "))"
      }
    },
    ApplicationCheck(name: "messages") { application in
      await finding("'credentialflow outbox list' shows them, with what went wrong") {
        guard OutboxChannel.allCases.contains(where: application.outbox.canSend) else { return "no mail and no SMS is configured" }
        if let problem = TransferLibrary.problem { throw Refusal(problem) }
        let (waiting, dead) = try await application.deadLetters.list(limit: 1_000)
        guard dead.isEmpty else {
          throw Refusal("\(dead.count)\(dead.count == 1_000 ? " or more" : "") dead letter\(dead.count == 1 ? "" : "s")")
        }
        // What failed once may succeed; what failed three times will not by itself.
        if let stuck = waiting.last(where: { $0.attempts >= 3 && !$0.fault.isEmpty }) {
          throw Refusal("messages do not go out, \(waiting.count) wait: \(stuck.fault)")
        }
        return "\(waiting.count)\(waiting.count == 1_000 ? " or more" : "") wait to be sent"
      }
    },
    ApplicationCheck(name: "record") { application in
      await finding("'credentialflow audit verify' says where; keep the database for whoever investigates") {
        guard let head = try await application.database.read({ try AuditLog($0).tail(1) }).last else { return "no entry yet" }
        return "\(head.sequence) entries, the last of \(head.happenedAt.rfc3339()); not checked here: 'credentialflow audit verify' does"
      }
    },
  ]

  private static func finding(_ advice: String, _ body: () async throws -> String) async -> Finding {
    do {
      return .good(try await body())
    } catch {
      return .bad("\(error); \(advice)")
    }
  }
}
