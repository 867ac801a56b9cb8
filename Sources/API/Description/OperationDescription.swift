internal import HTTP

/// What a row of the route table does not say of itself: what goes in, what comes out, and what it is for. Every row has one; a
/// test holds the table and these lists against each other.
struct OperationDescription: Sendable {
  /// `nil`: any.
  let method: HTTP.Method?
  let path: String
  /// In a line.
  let summary: String
  let input: Schema?
  let answers: [Answer]
  /// Refusals of its own, beside those of everything with this access and this kind of body.
  let problems: [ProblemCode]
  let headers: [RequestHeader]

  struct Answer: Sendable {
    let status: Status
    let description: String
    let content: Content?
    let headers: [String]

    init(_ status: Status, _ description: String, _ schema: Schema? = nil, type: String = "application/json", headers: [String] = []) {
      self.status = status
      self.description = description
      content = schema.map { Content(type: type, schema: $0) }
      self.headers = headers
    }
  }

  struct Content: Sendable {
    let type: String
    let schema: Schema
  }

  /// Headers that a request may or must bring.
  struct RequestHeader: Sendable {
    let name: String
    let description: String
    let isRequired: Bool

    static let ifMatch = RequestHeader(
      name: "If-Match", description: "The ETag of the state that is to be changed, or *.", isRequired: true)
    static let mayIfMatch = RequestHeader(
      name: "If-Match", description: "The ETag of the state that is meant; without it any.", isRequired: false)
  }

  init(
    _ method: HTTP.Method?, _ path: String, _ summary: String, input: Schema? = nil, _ answers: [Answer], problems: [ProblemCode] = [],
    headers: [RequestHeader] = []
  ) {
    self.method = method
    self.path = path
    self.summary = summary
    self.input = input
    self.answers = answers
    self.problems = problems
    self.headers = headers
  }

  /// The row that it belongs to: `GET /auth/me`; `* /authz/nginx` for any method.
  var row: String { "\(method?.rawValue ?? "*") \(path)" }

  static var all: [OperationDescription] { signIn + sessions + factors + tokens + decisions + administration + operations }
}

/// The shapes that more than one operation names, or that are worth a name.
enum SchemaName: String, Sendable, CaseIterable {
  case problem = "Problem"
  case oauthError = "OAuthError"
  case signIn = "SignIn"
  case signedIn = "SignedIn"
  case user = "User"
  case factor = "Factor"
  case userEnrolment = "UserEnrolment"
  case application = "Application"
  case applicationEnrolment = "ApplicationEnrolment"
  case apiKey = "APIKey"
  case issuedKey = "IssuedKey"
  case assignment = "Assignment"
  case role = "Role"
  case separation = "Separation"
  case session = "Session"
  case userKey = "UserKey"
  case signingKey = "SigningKey"
  case auditEntry = "AuditEntry"

  var schema: Schema {
    switch self {
    case .problem: CallSchemas.problem
    case .oauthError: CallSchemas.oauthError
    case .signIn: CallSchemas.signIn
    case .signedIn: CallSchemas.signedIn
    case .user: AdministrationSchemas.user
    case .factor: AdministrationSchemas.factor
    case .userEnrolment: AdministrationSchemas.userEnrolment
    case .application: AdministrationSchemas.application
    case .applicationEnrolment: AdministrationSchemas.applicationEnrolment
    case .apiKey: AdministrationSchemas.apiKey
    case .issuedKey: AdministrationSchemas.issuedKey
    case .assignment: RoleSchemas.assignment
    case .role: RoleSchemas.role
    case .separation: RoleSchemas.separation
    case .session: AdministrationSchemas.session
    case .userKey: SessionSchemas.userKey
    case .signingKey: AdministrationSchemas.signingKey
    case .auditEntry: AdministrationSchemas.auditEntry
    }
  }
}
