/// One thing that happened, before it has its place in the chain. Modules make theirs in an extension beside the code that
/// does the deed: `extension AuditEvent { static func accountCreated(…) }`.
package struct AuditEvent: Sendable, Equatable {
  /// Dotted, past tense: `account.created`.
  package let action: String
  /// What it happened to, as `kind:identifier`: `account:018f…`.
  package let subject: String
  /// Facts for a reader, in this order. Never a secret.
  package let detail: [Fact]

  package struct Fact: Sendable, Equatable {
    package let name: String
    package let value: String
  }

  package init(_ action: String, subject: String, _ detail: KeyValuePairs<String, String> = [:]) {
    self.action = action
    self.subject = subject
    self.detail = detail.map { Fact(name: $0.key, value: $0.value) }
  }

  /// A change of members: of each what it was and what it became, as `email_from` and `email_to`; empty where it was or is
  /// absent. Members that stay as they are say nothing. `nil` where nothing changes.
  package init?(_ action: String, subject: String, named: KeyValuePairs<String, String>, changes: [(String, String?, String?)]) {
    let changed = changes.filter { $0.1 != $0.2 }
    guard !changed.isEmpty else { return nil }
    self.action = action
    self.subject = subject
    detail =
      named.map { Fact(name: $0.key, value: $0.value) }
      + changed.flatMap { name, old, new in [Fact(name: "\(name)_from", value: old ?? ""), Fact(name: "\(name)_to", value: new ?? "")] }
  }
}

/// Who did it and from where: part of every entry.
package struct Provenance: Sendable, Equatable {
  package enum Actor: Sendable, Equatable {
    /// A command, offline or through the control socket; the operating system's user name or number.
    case commandLine(user: String)
    case account(String)
    case application(String)
    /// Nobody proved who they are.
    case anonymous
    /// The server itself: rotation, pruning.
    case system
  }

  package let actor: Actor
  /// Empty for what no request asked for.
  package let requestID: String
  /// The client's address; empty for what no request asked for.
  package let address: String

  /// The edge's own name of the request (`CF-Ray`), where it came through one; else empty. Part of an entry's detail.
  package let ray: String

  package init(actor: Actor, requestID: String = "", address: String = "", ray: String = "") {
    self.actor = actor
    self.requestID = requestID
    self.address = address
    self.ray = ray
  }

  package static let system = Provenance(actor: .system)
}

extension Provenance.Actor: CustomStringConvertible {
  /// The form in the record: `account:018f…`, `command:root`.
  package var description: String {
    switch self {
    case .commandLine(let user): "command:\(user)"
    case .account(let identifier): "account:\(identifier)"
    case .application(let identifier): "application:\(identifier)"
    case .anonymous: "anonymous"
    case .system: "system"
    }
  }
}
