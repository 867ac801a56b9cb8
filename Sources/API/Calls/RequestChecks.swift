internal import Defense
internal import HTTP

/// What is checked before the body is read, in the contract's order: pace, media type and size, headers.
struct RequestChecks: Sendable {
  let pacing: Pacing
  /// The header of the added verification.
  let verificationHeader: String
  /// Bytes.
  let bodyLimit: Int

  func refusal(of request: Request, pace: PaceClass, body: BodyRule) -> Problem? {
    pacing.refusal(of: request, pace) ?? mediaTypeRefusal(of: request, body) ?? sizeRefusal(of: request, body)
      ?? headerRefusal(of: request)
  }

  /// For one, `application/json`, with or without `; charset=utf-8`, letters in either case (RFC 9110, section 8.3.1).
  private func mediaTypeRefusal(of request: Request, _ body: BodyRule) -> Problem? {
    // Where no body is announced there is nothing whose type could be wrong.
    if body == .emptyJSON, request.headers["content-length"].map({ $0 == "0" }) ?? (request.headers["transfer-encoding"] == nil) {
      return nil
    }
    let expected = body.mediaTypes
    guard let preferred = expected.first else { return nil }
    guard request.headers.count(of: "content-type") <= 1 else {
      return Problem(.invalidHeader, "Content-Type is there more than once; send it once.")
    }
    if let value = request.headers["content-type"], expected.contains(where: { MediaType.matches(value, $0) }) { return nil }
    // RFC 5789, section 2.2.
    let headers = body == .mergePatch ? [("Accept-Patch", expected.joined(separator: ", "))] : []
    return Problem(.unsupportedMediaType, "Send the body as Content-Type: \(preferred), in UTF-8.", headers: headers)
  }

  /// A length that is declared; what comes in chunks is measured as it comes.
  private func sizeRefusal(of request: Request, _ body: BodyRule) -> Problem? {
    guard body != .none, let length = request.headers["content-length"].flatMap({ Int($0) }), length > bodyLimit else { return nil }
    return Problem(.payloadTooLarge, "The body has \(length) bytes; at most \(bodyLimit) are taken here.")
  }

  private func headerRefusal(of request: Request) -> Problem? {
    for name in ["Authorization", "X-API-Key", "X-Request-ID", "X-Step-Up", verificationHeader] where request.headers.count(of: name) > 1 {
      return Problem(.invalidHeader, "\(name) is there more than once; send it once.")
    }
    return nil
  }
}

/// Media types as requests carry them.
enum MediaType {
  /// Whether `value` is `expected`, alone or with the one parameter `charset=utf-8`.
  static func matches(_ value: String, _ expected: String) -> Bool {
    let parts = value.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map { trimmed($0) }
    guard let type = parts.first, type == expected else { return false }
    switch parts.count {
    case 1: return true
    case 2: return parts[1] == "charset=utf-8" || parts[1] == "charset=\"utf-8\""
    default: return false
    }
  }

  private static func trimmed(_ text: Substring.UTF8View) -> String {
    var bytes = Array(text)
    while let last = bytes.last, last == 32 || last == 9 { bytes.removeLast() }
    while let first = bytes.first, first == 32 || first == 9 { bytes.removeFirst() }
    return String(decoding: bytes, as: UTF8.self).lowercased()
  }
}
