internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// What every kind of factor answers to its enrolment: the calls differ only in what they read and what they offer.
enum EnrollmentAnswer {
  /// 201 with the factor's `id` and what `write` adds.
  static func begun<Begun: Sendable>(
    _ outcome: Enrollments.BeginOutcome<Begun>, _ call: Call, lifetime: Duration = EnrollmentState.lifetime,
    _ write: (inout JSONWriter, Begun) -> Void
  ) throws -> Response {
    switch outcome {
    case .begun(let id, let begun):
      return .json(.created) { json in
        json.object { json in
          json.member("id", "\(id)")
          write(&json, begun)
          json.member("expires_in", lifetime.inSeconds)
          json.member("request_id", call.request.id)
        }
      }
    case .unproven: throw Call.unproven()
    case .ended: throw EnrollerChecks.ended
    case .tooMany: throw Problem(.conflict, "The user has as many factors as are allowed; remove one first.")
    }
  }

  /// 200: the factor; for the first one what `POST /auth` answers.
  static func confirmed(_ outcome: Enrollments.ConfirmOutcome, _ call: Call) throws -> Response {
    switch outcome {
    case .opened(let signedIn): return SignInAnswer.success(signedIn, call.request.id)
    case .added(let factor):
      return .json(.ok) { json in
        json.object { json in
          json.member("id", "\(factor.id)")
          json.member("method", factor.method.rawValue)
          json.member("name", factor.name)
          json.member("confirmed", true)
          json.member("request_id", call.request.id)
        }
      }
    case .wrong(let left): throw wrong(left)
    case .unknown:
      throw Problem(.notFound, "No factor of this id waits for its confirmation by this caller; begin again.")
    case .ended: throw EnrollerChecks.ended
    case .rolesDoNotFit:
      throw Problem(.insufficientPermission, "The user holds more roles than fit into a token; nothing was changed. Ask the operator.")
    }
  }

  private static func wrong(_ left: Int) -> Problem {
    let next =
      left > 0 ? "\(left) more \(left == 1 ? "try is" : "tries are") left." : "What was begun is gone; begin the enrolment again."
    return Problem(.invalidChallengeResponse, "The answer is wrong. " + next) { $0.member("attempts_left", left) }
  }
}

extension Call {
  /// Who sets up a factor by this call, on a route whose access is `.enroller`.
  func enrollmentAuthority(proof member: String? = nil) throws -> EnrollmentAuthority {
    if case .enrollee(let enrollee) = caller { return .invited(enrollee) }
    return .session(try live(), proof: try stepUpProof(member: member))
  }
}
