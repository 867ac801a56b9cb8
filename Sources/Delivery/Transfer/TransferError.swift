internal import CCurl

/// What transfers need and may lack.
package enum TransferLibrary {
  /// Why nothing can be sent, `nil` where libcurl is there. Opens it.
  package static var problem: String? { cf_transfer_missing().map { String(cString: $0) } }
}

/// Why nothing, or nothing good, came of a transfer. `description` is for the log, never for a caller.
package enum TransferError: Error, Equatable, CustomStringConvertible {
  /// libcurl is not there.
  case missing(String)
  /// Too many transfers wait already, or the server is stopping.
  case busy
  /// No answer, or one that breaks the protocol.
  case failed(String)

  package var description: String {
    switch self {
    case .missing(let why): why
    case .busy: "too many transfers are waiting"
    case .failed(let why): why
    }
  }
}
