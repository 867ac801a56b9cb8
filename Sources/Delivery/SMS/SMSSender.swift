internal import Primitives

/// Hands SMS to the service of the configuration.
package struct SMSSender: Sendable {
  private let service: SMSService
  private let client: HTTPSClient

  package init(_ service: SMSService) {
    self.service = service
    client = HTTPSClient("sms", lanes: Self.lanes, queue: Self.lanes, limits: service.limits)
  }

  package static let lanes = 2

  package var transfers: TransferLanes { client.lanes }

  package func send(_ text: PlainText, to number: PhoneNumber) async -> DeliveryOutcome {
    do throws(TransferError) {
      let answer = try await client.send(request(text, to: number))
      let status = "the service answered \(answer.status)"
      switch answer.status {
      case 200...299: return .sent
      // Too many, or too slow: ours to send again. Login and address may be mended.
      case 401, 403, 404, 408, 425, 429: return .postponed(status)
      case 400...499: return .refused(status)
      default: return .postponed(status)
      }
    } catch {
      return .postponed("\(error)")
    }
  }

  private func request(_ text: PlainText, to number: PhoneNumber) -> HTTPSRequest {
    switch service.form {
    case .twilio(let login, let from):
      let form = [("From", from), ("To", number.text), ("Body", text.text)].map { "\($0)=\(Self.formEncoded($1))" }.joined(separator: "&")
      return HTTPSRequest(
        service.address, headers: [HTTPSHeader("Content-Type", "application/x-www-form-urlencoded")].compactMap(\.self),
        body: Array(form.utf8), login: login)
    case .webhook(let headers, let body):
      let type = [HTTPSHeader("Content-Type", "application/json")].compactMap(\.self)
      return HTTPSRequest(service.address, headers: type + headers, body: body.filled(to: number.text, text: text.text))
    }
  }

  private static func formEncoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
        encoded.unicodeScalars.append(UnicodeScalar(byte))
      default: encoded += "%" + Hex.encode([byte]).uppercased()
      }
    }
    return encoded
  }
}
