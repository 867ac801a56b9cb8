internal import HTTP
internal import JSON

/// One operation of the description: a row, and what stands beside it.
struct OpenAPIOperation {
  let route: DescribedRoute
  /// A test holds that there is one.
  let description: OperationDescription?

  func write(_ json: inout JSONWriter) {
    json.object { json in
      json.member("operationId", route.operationID)
      json.member("summary", description?.summary ?? route.path)
      json.member("tags", [route.tag])
      json.member("x-listeners", route.listeners)
      if route.method == nil { json.member("x-any-method", true) }
      json.member("security") { json in
        json.array(SecurityScheme.alternatives(of: route.access)) { json, alternative in
          json.object { $0.member(alternative.scheme.rawValue, alternative.permissions) }
        }
      }
      if !parameters.isEmpty {
        json.member("parameters") { json in json.array(parameters) { json, parameter in parameter.write(&json) } }
      }
      if route.body != .none { json.member("requestBody", requestBody) }
      json.member("responses") { json in
        json.object { json in
          for (status, response) in responses.sorted(by: { $0.key < $1.key }) { json.member(String(status), response.write) }
        }
      }
    }
  }

  private func requestBody(_ json: inout JSONWriter) {
    json.object { json in
      json.member("required", route.body != .emptyJSON)
      json.member("content") { json in
        json.object { json in
          for type in route.body.mediaTypes {
            json.member(type) { json in json.object { $0.member("schema", (description?.input ?? Schema.object([])).write) } }
          }
        }
      }
    }
  }

  private var parameters: [Parameter] {
    route.parameters.map { Parameter(name: $0, place: "path", description: "", isRequired: true, schema: .string()) }
      + route.query.map(Parameter.query)
      + (description?.headers ?? []).map {
        Parameter(name: $0.name, place: "header", description: $0.description, isRequired: $0.isRequired, schema: .string())
      }
  }

  /// By status: what the description says, and the problems that have it.
  private var responses: [UInt16: ResponseDescription] {
    var responses: [UInt16: ResponseDescription] = [:]
    for answer in description?.answers ?? [] {
      responses[answer.status.rawValue, default: ResponseDescription()].add(answer)
    }
    for code in route.problems + (description?.problems ?? []) {
      responses[code.status.rawValue, default: ResponseDescription()].add(code)
    }
    return responses
  }
}

/// A parameter of path, query or headers.
private struct Parameter {
  let name: String
  let place: String
  let description: String
  let isRequired: Bool
  let schema: Schema

  static func query(_ name: String) -> Parameter {
    switch name {
    case "limit":
      Parameter(
        name: name, place: "query", description: "Items to a page; 100 unless said.", isRequired: false, schema: .integer(in: 1...500))
    case "after":
      Parameter(name: name, place: "query", description: "The 'next' of the page before.", isRequired: false, schema: .string())
    default: Parameter(name: name, place: "query", description: "", isRequired: false, schema: .string())
    }
  }

  func write(_ json: inout JSONWriter) {
    json.object { json in
      json.member("name", name)
      json.member("in", place)
      if !description.isEmpty { json.member("description", description) }
      json.member("required", isRequired)
      json.member("schema", schema.write)
    }
  }
}

/// What one status may carry.
private struct ResponseDescription {
  private var descriptions: [String] = []
  private var codes: [String] = []
  private var contents: [(type: String, schema: Schema)] = []
  private var headers: [String] = []

  mutating func add(_ answer: OperationDescription.Answer) {
    descriptions.append(answer.description)
    headers += answer.headers
    if let content = answer.content { contents.append((content.type, content.schema)) }
  }

  mutating func add(_ code: ProblemCode) {
    if !codes.contains(code.rawValue) { codes.append(code.rawValue) }
  }

  func write(_ json: inout JSONWriter) {
    json.object { json in
      json.member("description", (descriptions + (codes.isEmpty ? [] : ["code: " + codes.joined(separator: ", ")])).joined(separator: "; "))
      if !headers.isEmpty {
        json.member("headers") { json in
          json.object { json in
            for name in headers { json.member(name) { json in json.object { $0.member("schema", Schema.string().write) } } }
          }
        }
      }
      let all = contents + (codes.isEmpty ? [] : [("application/problem+json", Schema.named(.problem))])
      guard !all.isEmpty else { return }
      json.member("content") { json in
        json.object { json in
          for (type, schema) in all { json.member(type) { json in json.object { $0.member("schema", schema.write) } } }
        }
      }
    }
  }
}
