import Identity
import JSON
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

/// A message as it waits in the outbox.
struct WaitingMail {
  let template: String
  let recipient: String
  let values: JSONValue

  var code: String { values["code"]?.string ?? "" }
}

extension World {
  /// Mail goes nowhere, and waits.
  static let mail = ["mail.url": "smtp://127.0.0.1:1", "mail.from": "Example <noreply@example.com>"]

  /// What waits in the outbox, the oldest first. Identifiers of one moment have no order; SQLite knows in which rows were written.
  func mails() async throws -> [WaitingMail] {
    let isSQLite = application.configuration.database.isFile
    let rows = try await application.database.read { db in
      isSQLite
        ? try db.rows("SELECT id, template, recipient, payload FROM outbox ORDER BY rowid")
        : try db.rows("SELECT id, template, recipient, payload FROM outbox ORDER BY id")
    }
    return try rows.map(mail)
  }

  /// The newest that waits for somebody.
  func lastMail(_ template: String, to recipient: String) async throws -> WaitingMail? {
    try await mails().last { $0.template == template && $0.recipient == recipient }
  }

  private func mail(_ row: Row) throws -> WaitingMail {
    let payload = try application.vault.open(try row.bytes("payload"), as: "outbox.payload", for: try row.bytes("id"))
    return WaitingMail(
      template: try row.text("template"), recipient: try row.text("recipient"),
      values: try JSONValue(parsing: payload.withBytes { Array($0) }))
  }

  func addMailPerson(_ name: String = "user@example.com", email: String? = nil) async throws -> Person {
    let person = try await addPerson(name)
    let id = try #require(Account.ID(person.id))
    guard case .done = try await application.accounts.change(id, .init(email: .set(email ?? name)), if: .any, by: World.admin) else {
      throw Unexpected(what: "no address for \(name)")
    }
    return person
  }

  func startRecovery(_ name: String, _ client: Client, _ headers: (String, String)...) throws -> Answer {
    try call("POST", "/auth/recovery/start", [World.json, client.key] + headers, Array(#"{"username":"\#(name)"}"#.utf8))
  }

  func finishRecovery(
    _ code: String, _ client: Client, password: String = "seven lamps on the wet pier", mfa: String, method: String = "totp"
  ) throws -> Answer {
    let body = #"{"code":"\#(code)","password":"\#(password)","mfa":{"method":"\#(method)","code":"\#(mfa)"}}"#
    return try call("POST", "/auth/recovery/finish", [World.json, client.key], Array(body.utf8))
  }

  /// A code as its owner reads it in the mail.
  func recoveryCode(_ person: Person, _ client: Client) async throws -> String {
    clock.advance(by: .minutes(6))
    #expect(try startRecovery(person.name, client).status == 202)
    return try #require(try await mails().last { $0.template == "recovery" }).code
  }
}
