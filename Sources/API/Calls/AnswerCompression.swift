internal import HTTP

/// Compresses the answers of rows that allow it.
enum AnswerCompression {
  /// Shorter ones gain nothing.
  private static let threshold = 1024

  static func compress(_ response: Response, for request: Request) -> Response {
    guard response.status == .ok || response.status == .notModified else { return response }
    var response = response
    response.headers.append(("Vary", "Accept-Encoding"))
    guard response.body.count > threshold, response.header("Content-Encoding") == nil, ContentCoding.allowsGzip(request.headers),
      let compressed = Gzip.compress(response.body)
    else { return response }
    response.body = compressed
    response.headers.append(("Content-Encoding", "gzip"))
    // Other bytes under the same tag: only a weak one may say that they mean the same (RFC 9110, section 8.8.1).
    if let tag = response.header("ETag"), !tag.hasPrefix("W/") { response.setHeader("ETag", "W/" + tag) }
    return response
  }
}
