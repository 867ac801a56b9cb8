/// Why bytes are not a request that we serve. After one of these nothing on an HTTP/1 connection can be trusted: it is answered, then
/// closed. On HTTP/2 it ends its stream alone.
package enum RequestError: Error, Hashable, Sendable, CaseIterable {
  case badRequestLine, badMethod, badTarget, badVersion, unsupportedVersion, connectRefused
  /// The first line that an HTTP/2 client sends: a request to change the version.
  case prefaceOfHTTP2
  /// A header of the PROXY protocol, from a peer of which none is expected.
  case proxyHeader
  /// One empty line before a request is old custom (RFC 9112, section 2.2); two are none, and version 2 of that protocol begins so.
  case emptyLines
  case requestLineTooLong, headersTooLarge, tooManyFields
  case badLineEnd, badFieldName, spaceBeforeColon, missingColon, foldedField, badFieldValue, shadowingName
  case missingHost, repeatedHost, badHost, otherHost
  case repeatedLength, badLength, lengthWithEncoding, badTransferEncoding, encodingInOldVersion, unknownExpectation
  case badChunkSize, badChunkExtension, badChunkEnd, forbiddenTrailer
  case lengthRequired, bodyTooLarge
  case timeout
  case badPseudoField, missingPseudoField, capitalInName, connectionField, spaceAroundValue, lineEndInValue, lengthMismatch
  case trailersNotLast

  /// What RFC 9113, section 8.1.1, has no answer for but PROTOCOL_ERROR, because no intermediary may pass it on.
  package var isMalformedMessage: Bool {
    switch self {
    case .badPseudoField, .missingPseudoField, .capitalInName, .connectionField, .spaceAroundValue, .lineEndInValue, .lengthMismatch,
      .trailersNotLast:
      true
    default: false
    }
  }

  package var code: ProblemCode {
    switch self {
    case .requestLineTooLong: .uriTooLong
    case .headersTooLarge, .tooManyFields: .headersTooLarge
    case .unsupportedVersion, .prefaceOfHTTP2: .versionNotSupported
    case .connectRefused: .notImplemented
    case .unknownExpectation: .expectationFailed
    case .lengthRequired: .lengthRequired
    case .bodyTooLarge: .payloadTooLarge
    case .timeout: .requestTimeout
    default: .invalidRequest
    }
  }

  package var problem: Problem { Problem(code, detail) }

  private var detail: String {
    switch self {
    case .badRequestLine: "The request line must be a method, a target and a version, with one space between them."
    case .badMethod: "The method is not a token."
    case .badTarget: "The request target is not a path, or holds characters that must be percent-encoded."
    case .badVersion: "The request line must end with HTTP/1.1 or HTTP/1.0."
    case .unsupportedVersion, .prefaceOfHTTP2: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
    case .proxyHeader: "This is a header of the PROXY protocol, and no proxy of that dialect is configured at this peer's address."
    case .emptyLines:
      "Two empty lines are no request. If this is a header of the PROXY protocol, no proxy of that dialect is configured at this peer's address."
    case .connectRefused: "This server is not a proxy."
    case .requestLineTooLong: "The request line may have at most 8192 bytes."
    case .headersTooLarge: "The header fields may have at most 16384 bytes together."
    case .tooManyFields: "There may be at most 100 header fields."
    default: fieldDetail
    }
  }

  private var fieldDetail: String {
    switch self {
    case .badLineEnd: "Lines must end with CR LF; neither may stand alone."
    case .badFieldName: "A header name holds a character that is not allowed there."
    case .spaceBeforeColon: "There may be no white space between a header name and its colon."
    case .missingColon: "A header line has no colon."
    case .foldedField: "A header may not be folded over several lines."
    case .badFieldValue: "A header value holds a control character."
    case .shadowingName: "A header name holds an underscore where a hyphen is meant."
    case .missingHost: "The header Host is missing."
    case .repeatedHost: "The header Host may stand only once."
    case .badHost: "The header Host is not a host with an optional port."
    case .otherHost: "The host of the request target differs from the header Host."
    case .repeatedLength: "The header Content-Length may stand only once."
    case .badLength: "The header Content-Length must be one decimal number."
    default: bodyDetail
    }
  }

  private var bodyDetail: String {
    switch self {
    case .lengthWithEncoding: "Content-Length and Transfer-Encoding may not stand together."
    case .badTransferEncoding: "The only transfer coding that is accepted is chunked, alone."
    case .encodingInOldVersion: "HTTP/1.0 has no Transfer-Encoding."
    case .unknownExpectation: "The only expectation that is understood is 100-continue."
    case .badChunkSize: "A chunk size is not a plain hexadecimal number."
    case .badChunkExtension: "A chunk extension is malformed or too long."
    case .badChunkEnd: "The data of a chunk must be followed by CR LF."
    case .forbiddenTrailer: "A trailer may not be malformed, or say how the message is framed, routed or authenticated."
    case .lengthRequired: "Send Content-Length, or Transfer-Encoding: chunked."
    case .bodyTooLarge: "The body is larger than this endpoint takes, which may be none at all."
    case .timeout: "The request did not arrive in time."
    default: streamDetail
    }
  }

  private var streamDetail: String {
    switch self {
    case .badPseudoField: "A pseudo-header field is unknown, stands twice, or stands after a field."
    case .missingPseudoField: "The pseudo-header fields :method, :scheme and :path must stand once each."
    case .capitalInName: "A field name holds a capital letter, or nothing."
    case .connectionField: "A field belongs to the connections of HTTP/1."
    case .spaceAroundValue: "A field value begins or ends with white space."
    case .lineEndInValue: "A field value holds CR, LF or NUL."
    case .trailersNotLast: "Fields after the body must end the request."
    default: "The body is not as long as Content-Length says."
    }
  }
}
