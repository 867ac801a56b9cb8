internal import HTTP

/// Contract, section 4: AuthZEN.
extension OperationDescription {
  static var evaluations: [OperationDescription] {
    [
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
