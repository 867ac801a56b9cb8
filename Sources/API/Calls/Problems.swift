internal import Cryptography
internal import HTTP
internal import Identity
internal import JSON
internal import Persistence
internal import Primitives
internal import Telemetry

/// Where faults become problems. A problem never carries an internal message: that goes to the log, with the request id.
struct Problems: Sendable {
  let log: Log

  func problem(for error: any Error, requestID: String) -> Problem {
    switch error {
    case let problem as Problem: return problem
    case let error as JSONError: return Self.invalid(error)
    case let error as HashingPool.Overloaded:
      return Problem(
        .overloaded, "Too many sign-ins are being checked just now; try again after the time in Retry-After.",
        headers: [retryAfter(error.retryAfter)])
    case let error as DatabaseError where error.isPassing:
      note(error, requestID)
      return Problem(
        .unavailable, "The store cannot be reached or written just now; nothing was changed. Try again later.",
        headers: [retryAfter(.seconds(5))])
    case let error as VaultError:
      note(error, requestID)
      return Problem(.unavailable, "The keys cannot be used just now; nothing was changed.", headers: [retryAfter(.seconds(30))])
    case let error as MisconfiguredRegistration:
      note(error, requestID)
      return Problem(
        .unavailable, "Accounts cannot be made just now; nothing was changed, and the code stays good. The operator has to look.",
        headers: [retryAfter(.minutes(5))])
    case is CancellationError:
      // The caller has gone away, and with it the reason to hash a password.
      return Problem(.unavailable, "The request was given up.", headers: [retryAfter(.seconds(1))])
    default:
      note(error, requestID)
      return Problem(.internalError, "Something went wrong here; the operator finds it in the log under this request_id.")
    }
  }

  private static func invalid(_ error: JSONError) -> Problem {
    let place = error.position.map { " (line \($0.line), column \($0.column))" } ?? ""
    let name = error.pointer.isEmpty ? "The body is not as it must be: " : "The member \(error.pointer) is not as it must be: "
    let sentence = name + error.detail + place
    return Problem(
      .invalidRequest, sentence.hasSuffix("?") ? sentence : sentence + ".", errors: [(pointer: error.pointer, detail: error.detail)])
  }

  private func note(_ error: any Error, _ requestID: String) {
    log.error("fault", ("request_id", .string(requestID)), ("fault", .string("\(error)")))
  }
}

func retryAfter(_ duration: Duration) -> (String, String) { ("Retry-After", String(max(1, duration.inSeconds))) }

extension DatabaseError {
  /// Whether it may be over by the time somebody tries again.
  fileprivate var isPassing: Bool {
    switch self {
    case .unavailable, .readOnly, .full, .closed, .corrupt: true
    default: false
    }
  }
}
