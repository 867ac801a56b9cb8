internal import HTTP

/// Contract, section 4.
extension OperationDescription {
  static var decisions: [OperationDescription] {
    gateways + [
      OperationDescription(
        .post, "/access/v1/evaluation", "May this subject do this (AuthZEN 1.0)", input: .object(question(isWhole: true)),
        [Answer(200, "The decision", decision)]),
      OperationDescription(
        .post, "/access/v1/evaluations", "Several questions at once (AuthZEN 1.0)",
        input: .object(
          question(isWhole: false) + [
            .maybe("evaluations", .array(of: .object(question(isWhole: false)), "At most 100.")),
            .maybe(
              "options",
              .object([.maybe("evaluations_semantic", .string(oneOf: EvaluationSemantic.allCases.map(\.rawValue)))])),
          ]),
        [
          Answer(
            200, "The decisions, or the one where no evaluations were given",
            .object([.maybe("evaluations", .array(of: decision)), .maybe("decision", .boolean())]))
        ]),
    ]
  }

  private static var gateways: [OperationDescription] {
    let passed = Answer(200, "It may pass", headers: identity)
    let denied = ["WWW-Authenticate", "X-Authz-Reason"]
    let asked = "May the request that the headers describe pass, by"
    return [("", "the first rule that is about it?"), ("/{rule*}", "this rule?")].flatMap { suffix, rule in
      [
        OperationDescription(
          nil, "/authz/nginx" + suffix, "nginx auth_request: \(asked) \(rule)",
          [passed, Answer(401, "Denied", headers: denied), Answer(403, "Denied", headers: denied)]),
        OperationDescription(
          nil, "/authz/forward" + suffix, "Caddy, Traefik, APISIX: \(asked) \(rule)",
          [passed] + refusals([401, 403, 429, 503], denied)),
      ]
    } + [
      OperationDescription(
        nil, "/authz/envoy/{rule}/{path*}", "Envoy ext_authz: may this method and path pass, by this rule, or by the first one for -?",
        [passed] + refusals([401, 403, 429], denied))
    ]
  }

  private static func refusals(_ statuses: [Status], _ headers: [String]) -> [Answer] {
    statuses.map { Answer($0, "Denied", .named(.problem), type: "application/problem+json", headers: headers) }
  }

  private static let identity = [
    "X-Auth-Subject", "X-Auth-Username", "X-Auth-Session", "X-Auth-Client", "X-Auth-Roles", "X-Auth-Permissions", "X-Auth-AMR",
    "X-Auth-ACR", "X-Auth-Actor", "X-Auth-Token",
  ]

  private static func question(isWhole: Bool) -> [Schema.Member] {
    let subject = Schema.object([
      .always("type", .string(oneOf: ["user", "application", "session"])), .always("id", .string()),
    ])
    let resource = Schema.object([.always("type", .string()), .always("id", .string())])
    let action = Schema.object([.always("name", .string())])
    guard isWhole else { return [.maybe("subject", subject), .maybe("resource", resource), .maybe("action", action)] }
    return [.always("subject", subject), .always("resource", resource), .always("action", action)]
  }

  private static var decision: Schema {
    .object([.always("decision", .boolean()), .maybe("context", .object([.maybe("reason", .string())]))])
  }
}
