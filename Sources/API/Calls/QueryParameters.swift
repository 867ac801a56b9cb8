internal import HTTP
internal import JSON
internal import OAuth

/// The parameters of a request's query.
struct QueryParameters {
  private let parameters: FormParameters

  init(_ request: Request) throws {
    do {
      parameters = try FormParameters(Array((request.query ?? "").utf8))
    } catch {
      throw Problem(.invalidRequest, "The query is not as it must be: \(error.detail).")
    }
  }

  /// Refuses parameters that nobody reads: the pipeline asks, with what the row says.
  func finish(known: [String]) throws {
    for name in parameters.names where !known.contains(name) {
      let hint = known.isEmpty ? "none is known here" : "known here: \(known.joined(separator: ", "))"
      throw Self.wrong(name, "unknown parameter; \(hint)")
    }
  }

  subscript(_ name: String) -> String? { parameters[name] }

  /// Parameters have no place in the body: `?name` names one, where a member has its JSON pointer.
  static func wrong(_ name: String, _ detail: String) -> Problem {
    Problem(.invalidRequest, "The parameter '\(name)' is not as it must be: \(detail).", errors: [(pointer: "?\(name)", detail: detail)])
  }
}

/// Which part of a list is asked for: `?limit=` (1 to 500, default 100) and `?after=` (the `next` of the part before).
struct PageRequest {
  static let parameters = ["limit", "after"]
  private static let limits = 1...500

  let limit: Int
  let after: String?

  init(_ request: Request) throws {
    let query = try QueryParameters(request)
    after = query["after"]
    guard let text = query["limit"] else {
      limit = 100
      return
    }
    guard let limit = Int(text), Self.limits.contains(limit), text.utf8.first != UInt8(ascii: "+") else {
      throw QueryParameters.wrong("limit", "expected a whole number from 1 to 500")
    }
    self.limit = limit
  }

  /// Where to go on, read by `parse`; `start` for the first part.
  func position<Position>(from start: Position, _ parse: (String) -> Position?) throws -> Position {
    guard let after else { return start }
    guard let position = parse(after) else { throw QueryParameters.wrong("after", "expected the 'next' of an answer, as it came") }
    return position
  }
}
