internal import HTTP
internal import Identity
internal import JSON
internal import Primitives

/// `POST /access/v1/evaluation` (AuthZEN 1.0, section 6).
struct EvaluationEndpoint: Endpoint {
  let gate: Gate
  let accounts: Accounts

  func respond(to call: Call) async throws -> Response {
    let evaluation = try Evaluation(try JSONObjectReader(call.request.body))
    var subjects = KnownSubjects(gate: gate, accounts: accounts)
    return try await Self.answer(evaluation, &subjects)
  }

  /// Alone: what is missing is the request's mistake.
  static func answer(_ evaluation: Evaluation, _ subjects: inout KnownSubjects) async throws -> Response {
    let question: (subject: Evaluation.Subject, permission: Permission?)
    do throws(Evaluation.Missing) {
      question = try evaluation.complete()
    } catch {
      throw JSONError(pointer: "/\(error.name)", detail: "this member is required")
    }
    let answer = try await subjects.answer(question.subject, question.permission)
    return .json(.ok) { answer.write(&$0) }
  }
}

/// `POST /access/v1/evaluations` (AuthZEN 1.0, section 7).
struct EvaluationsEndpoint: Endpoint {
  static let most = 100

  let gate: Gate
  let accounts: Accounts

  func respond(to call: Call) async throws -> Response {
    let body = try JSONObjectReader(call.request.body)
    let defaults = try Evaluation(body)
    let semantic = try semantic(body)
    var subjects = KnownSubjects(gate: gate, accounts: accounts)
    guard let items = try body.objectsIfPresent("evaluations"), !items.isEmpty else {
      return try await EvaluationEndpoint.answer(defaults, &subjects)
    }
    guard items.count <= Self.most else { throw body.wrong("evaluations", "at most \(Self.most) are answered at once") }
    var answers: [EvaluationAnswer] = []
    for item in items {
      let answer = try await answer(item, defaults, &subjects)
      answers.append(answer)
      if semantic.isOver(after: answer.isPermitted) { break }
    }
    return .json(.ok) { json in
      json.object { json in json.member("evaluations") { json in json.array(answers) { $1.write(&$0) } } }
    }
  }

  private func semantic(_ body: JSONObjectReader) throws(JSONError) -> EvaluationSemantic {
    guard let options = try body.objectIfPresent("options"), let text = try options.stringIfPresent("evaluations_semantic") else {
      return .executeAll
    }
    guard let semantic = EvaluationSemantic(rawValue: text) else {
      let known = EvaluationSemantic.allCases.map(\.rawValue).joined(separator: ", ")
      throw options.wrong("evaluations_semantic", "expected one of \(known)")
    }
    return semantic
  }

  /// Among others: a mistake in one is no mistake in the others.
  private func answer(
    _ item: JSONObjectReader, _ defaults: Evaluation, _ subjects: inout KnownSubjects
  ) async throws -> EvaluationAnswer {
    let question: (subject: Evaluation.Subject, permission: Permission?)
    do {
      question = try Evaluation(item, defaults: defaults).complete()
    } catch let error as Evaluation.Missing {
      return .wrong("\(error.name) is missing")
    } catch let error as JSONError {
      return .wrong("\(error.pointer): \(error.detail)")
    }
    return try await subjects.answer(question.subject, question.permission)
  }
}

/// The subjects of one request, each read once.
struct KnownSubjects {
  let gate: Gate
  let accounts: Accounts
  private var known: [Evaluation.Subject: Found] = [:]

  private enum Found {
    case standing(Standing)
    /// Ended or disabled.
    case over
    /// Nobody is called so: who is nobody may do nothing, and was never taken anything.
    case nobody
  }

  init(gate: Gate, accounts: Accounts) {
    self.gate = gate
    self.accounts = accounts
  }

  /// `permission` is `nil` where the question makes none: nobody can hold that.
  mutating func answer(_ subject: Evaluation.Subject, _ permission: Permission?) async throws -> EvaluationAnswer {
    let found: Found
    if let before = known[subject] {
      found = before
    } else {
      found = try await read(subject)
      known[subject] = found
    }
    switch found {
    case .standing(let standing):
      guard let permission, standing.active.allows(permission) else { return .denied(.insufficientPermission) }
      return .permitted
    case .over: return .denied(.revoked)
    case .nobody: return .denied(.insufficientPermission)
    }
  }

  private func read(_ subject: Evaluation.Subject) async throws -> Found {
    let standing: Standing?
    switch subject.type {
    case "user":
      let account: Account?
      if let id = Account.ID(subject.id) {
        account = try await accounts.account(id)
      } else {
        account = try await accounts.account(named: subject.id)
      }
      guard let account else { return .nobody }
      standing = try await gate.standing(of: account.id)
    case "application":
      guard let id = Application.ID(subject.id) else { return .nobody }
      standing = try await gate.standing(of: id, audience: nil)
    case "session":
      guard let id = Session.ID(subject.id) else { return .nobody }
      standing = try await gate.standing(of: id)
    default: return .nobody
    }
    return standing.map { .standing($0) } ?? .over
  }
}
