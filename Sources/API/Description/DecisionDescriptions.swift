internal import HTTP

/// Contract, section 4.
extension OperationDescription {
  static var decisions: [OperationDescription] {
    [
      gateway("/authz/nginx", "nginx auth_request: may this pass, by the first rule that matches", [401, 403]),
      gateway("/authz/nginx/{rule*}", "nginx auth_request: may this pass, by this rule", [401, 403]),
      gateway("/authz/forward", "Caddy, Traefik, APISIX: may this pass, by the first rule that matches", [401, 403, 429, 503]),
      gateway("/authz/forward/{rule*}", "Caddy, Traefik, APISIX: may this pass, by this rule", [401, 403, 429, 503]),
      gateway(
        "/authz/envoy/{rule}/{path*}", "Envoy ext_authz, any method: may this pass; - for the first rule that matches", [401, 403, 429]),
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

  private static func gateway(_ path: String, _ summary: String, _ denials: [Status]) -> OperationDescription {
    OperationDescription(
      .get, path, summary,
      [Answer(200, "It may", headers: ["X-Auth-Subject", "X-Auth-Roles", "X-Auth-Permissions", "X-Auth-Token"])]
        + denials.map { Answer($0, "It may not", headers: ["X-Authz-Reason", "WWW-Authenticate"]) })
  }

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
