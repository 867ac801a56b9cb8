internal import Cryptography
internal import HTTP
internal import Primitives
private import Synchronization

/// `GET /openapi.json`: every URL of this server, described from the table that serves it.
struct DescriptionEndpoint: Endpoint {
  let routes: Routes

  func respond(to call: Call) async throws -> Response {
    let document = routes.description.document { OpenAPIDocument(routes: routes.described, issuer: routes.issuer).render() }
    let headers: [(name: String, value: String)] = [
      ("Content-Type", "application/json"), ("Cache-Control", "public, max-age=300"), ("ETag", document.etag),
    ]
    if call.request.headers.values(of: "if-none-match").contains(where: { EntityTag.list($0, names: document.etag) }) {
      return Response(.notModified, headers: headers)
    }
    return Response(.ok, headers: headers, body: document.bytes)
  }
}

/// The description, written when it is first asked for: commands open the application too, and need none.
final class WrittenDescription: Sendable {
  struct Document: Sendable {
    let bytes: [UInt8]
    let etag: String
  }

  // A mutex: held while the document is written, once, and then to copy it.
  private let written = Mutex<Document?>(nil)

  func document(_ write: () -> [UInt8]) -> Document {
    written.withLock { written in
      if let written { return written }
      let bytes = write()
      let document = Document(bytes: bytes, etag: "\"" + Base64URL.encode(Digest.sha256(bytes).prefix(12)) + "\"")
      written = document
      return document
    }
  }
}
