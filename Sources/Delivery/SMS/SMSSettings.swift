package import Primitives

/// The configuration's `sms`.
package struct SMSSettings: Settings {
  package enum Shape: String, Sendable, CaseIterable {
    case none, twilio, webhook
  }

  /// `nil` where no SMS is sent.
  package let service: SMSService?
  package let countries: PhoneCountries
  /// SMS in all that may be sent in one day (UTC); past it none is, and nobody who asks is told.
  package let dailyBudget: Int

  package init(from reader: SettingsReader) throws(SettingsError) {
    let shape = try reader.choice("provider", default: Shape.none)
    let allowed = try reader.strings("countries", default: [])
    dailyBudget = try reader.integer("dailyBudget", default: 1_000, in: 1...100_000_000)
    guard let countries = PhoneCountries(allowed) else {
      throw reader.wrong("countries", "expected countries such as \"DE\", or beginnings of numbers such as \"+4179\"")
    }
    self.countries = countries
    service = try SMSService(shape, from: reader)
    guard shape == .none || !allowed.isEmpty else {
      throw reader.wrong(
        "countries", "say where SMS may go, such as [\"DE\", \"AT\"]: to premium numbers elsewhere others send at your cost")
    }
  }
}

/// The service that sends SMS, and how it wants to be asked.
package struct SMSService: Sendable {
  enum Form: Sendable {
    /// `From`, `To` and `Body` as a form, HTTP Basic.
    case twilio(HTTPSRequest.Login, from: String)
    /// JSON of the operator's own shape.
    case webhook(headers: [HTTPSHeader], body: JSONTemplate)
  }

  let address: HTTPSAddress
  let form: Form
  let limits: TransferLimits

  /// `nil` for `.none`; every key is read all the same, so that all are known.
  fileprivate init?(_ shape: SMSSettings.Shape, from reader: SettingsReader) throws(SettingsError) {
    let url = try reader.string("url", default: "")
    let account = try reader.string("account", default: "")
    let token = try reader.secret("token")
    let from = try reader.string("from", default: "")
    let headers = try reader.strings("headers", default: [])
    let body = try reader.string("body", default: #"{"to": "{{to}}", "text": "{{text}}"}"#)
    limits = TransferLimits(
      connectTimeout: try reader.duration("connectTimeout", default: .seconds(5), in: .milliseconds(100) ... .seconds(60)),
      timeout: try reader.duration("timeout", default: .seconds(15), in: .milliseconds(200) ... .seconds(60)),
      caFile: try reader.string("caFile", default: ""))
    switch shape {
    case .none: return nil
    case .twilio:
      let standard = "https://api.twilio.com/2010-04-01/Accounts/\(account)/Messages.json"
      guard !account.isEmpty, account.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) })
      else {
        throw reader.wrong("account", "expected the account's SID")
      }
      guard let token else { throw reader.wrong("token", "expected the account's token; better in a file, as tokenFile") }
      guard PhoneNumber(from) != nil || (!from.isEmpty && from.utf8.allSatisfy { $0 > 31 && $0 < 127 }) else {
        throw reader.wrong("from", "expected the number or name that SMS come from")
      }
      form = .twilio(HTTPSRequest.Login(user: account, password: token), from: from)
      address = try Self.address(url.isEmpty ? standard : url, reader)
    case .webhook:
      form = .webhook(headers: try Self.headers(headers, token, reader), body: try Self.template(body, reader))
      address = try Self.address(url, reader)
    }
  }

  private static func address(_ url: String, _ reader: SettingsReader) throws(SettingsError) -> HTTPSAddress {
    guard let address = HTTPSAddress(url) else {
      throw reader.wrong("url", "expected an https address; http only on this machine's loopback")
    }
    return address
  }

  private static func template(_ body: String, _ reader: SettingsReader) throws(SettingsError) -> JSONTemplate {
    guard let template = JSONTemplate(body) else {
      throw reader.wrong("body", "expected JSON in whose strings {{to}} and {{text}} stand, and no other placeholder")
    }
    return template
  }

  /// `Name: value` each; `{{token}}` in a value is the secret.
  private static func headers(_ lines: [String], _ token: Secret?, _ reader: SettingsReader) throws(SettingsError) -> [HTTPSHeader] {
    var headers: [HTTPSHeader] = []
    let secret = token.map { $0.withBytes { String(decoding: $0, as: UTF8.self) } } ?? ""
    guard token != nil || !lines.contains(where: { $0.contains("{{token}}") }) else {
      throw reader.wrong("token", "expected the secret that {{token}} in 'headers' stands for; better in a file, as tokenFile")
    }
    for line in lines {
      let parts = line.split(separator: ":", maxSplits: 1).map { String($0.drop { $0 == " " }) }
      guard parts.count == 2, let header = HTTPSHeader(parts[0], parts[1].replacing("{{token}}", with: secret)),
        !["host", "content-length", "transfer-encoding", "content-type"].contains(parts[0].lowercased())
      else { throw reader.wrong("headers", "expected lines such as 'Authorization: Bearer {{token}}'") }
      headers.append(header)
    }
    return headers
  }
}
