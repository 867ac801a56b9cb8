import Identity
import JSON
import Primitives
import Telemetry
import TestPost
import Testing

@testable import CredentialFlow

/// Settings of a server that writes to people, by the tests' post office.
enum Post {
  static var office: PostOffice { get throws { try PostOffice.shared.get() } }

  static func settings(_ more: [String: String] = [:]) throws -> [String: String] {
    let office = try office
    var settings = [
      "mail.url": "smtp://127.0.0.1:\(office.port("plain"))", "mail.security": "none", "mail.from": "Example <noreply@example.com>",
      "sms.provider": "webhook", "sms.url": "http://127.0.0.1:\(office.port("sms"))/send", "sms.countries": #"["DE"]"#,
    ]
    settings.merge(more) { $1 }
    return settings
  }

  /// An address that no other test has; what it begins with may be a mood of the post office.
  static func address(_ mood: String = "ann") -> String { "\(mood).\(UInt64.random(in: 0 ... .max))@example.net" }
  static func number() -> String { "+4917\(UInt64.random(in: 100_000_000...999_999_999))" }

  /// The code in a mail, or at the beginning of an SMS.
  static func code(in letter: String) throws -> String {
    let start = letter.firstRange(of: "Your code is: ")?.upperBound ?? letter.startIndex
    let digits = letter[start...].prefix { $0.isASCII && $0.isNumber }
    if digits.count == 6 { return String(digits) }
    throw World.Unexpected(what: "no code in \(letter)")
  }
}

extension World {
  /// Sends everything that is due.
  func deliver() async { await server.outbox.sendDue() }

  /// The code of the `count`th letter to an address.
  func mailedCode(_ address: String, _ count: Int = 1) async throws -> String {
    await deliver()
    let codes = try Post.office.mails(to: address, atLeast: 1).filter { $0.contains("Your code is") }
    return try Post.code(in: try #require(codes.count >= count ? codes[count - 1] : nil, "\(codes.count) codes to \(address)"))
  }

  func textedCode(_ number: String, _ count: Int = 1) async throws -> String {
    await deliver()
    let texts = try Post.office.messages(to: number, atLeast: count)
    return try Post.code(in: texts[count - 1].split(separator: "\n\n", maxSplits: 1).last.map(String.init) ?? "")
  }

  func beginCode(_ method: String, _ address: String, _ proof: String?, _ token: String) throws -> Answer {
    let member = proof.map { #","proof":"\#($0)""# } ?? ""
    return try asUser(
      "POST", "/auth/factors/\(method)", token, #"{"\#(method == "email" ? "address" : "number")":"\#(address)"\#(member)}"#)
  }

  /// Enrols a mailbox or telephone of the user's; answers the factor's id.
  func enrol(_ method: String, _ address: String, _ person: Person, _ client: Client) async throws -> String {
    let token = try signedIn(person, client).token()
    let begun = try beginCode(method, address, proof(person, token), token)
    let id = try #require(begun.json?["id"]?.string, "\(begun)")
    let code = method == "email" ? try await mailedCode(address) : try await textedCode(address)
    let confirmed = try asUser("POST", "/auth/factors/\(method)/\(id)/confirm", token, #"{"code":"\#(code)"}"#)
    try #require(confirmed.status == 200, "\(confirmed)")
    return id
  }

  func send(_ challenge: String, _ method: String, _ client: Client, _ headers: (String, String)...) throws -> Answer {
    try call(
      "POST", "/auth/mfa/send", [World.json, client.key] + headers, Array(#"{"challenge":"\#(challenge)","method":"\#(method)"}"#.utf8))
  }
}

extension World {
  /// Whether a line of the log holds `text`.
  func hasLogged(_ text: String) -> Bool {
    application.log.flush()
    return log.lines.contains { $0.contains(text) }
  }
}
