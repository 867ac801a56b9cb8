internal import Identity
internal import JSON
internal import Primitives

/// One question of AuthZEN 1.0 (section 6): may this subject do this with this resource? `properties` and `context` say nothing to
/// our roles and are passed over, as are members that the standard may add.
struct Evaluation {
  /// Who is asked about.
  struct Subject: Hashable {
    let type: String
    let id: String
  }

  var subject: Subject?
  var resource: (type: String, id: String)?
  var action: String?

  /// What `reader` says, the rest from `defaults` (section 7.1.1): a part is taken over whole or not at all.
  init(_ reader: JSONObjectReader, defaults: Evaluation? = nil) throws(JSONError) {
    subject = defaults?.subject
    resource = defaults?.resource
    action = defaults?.action
    if let part = try reader.objectIfPresent("subject") { subject = Subject(type: try part.string("type"), id: try part.string("id")) }
    if let part = try reader.objectIfPresent("resource") { resource = (try part.string("type"), try part.string("id")) }
    if let part = try reader.objectIfPresent("action") { action = try part.string("name") }
  }

  /// The question where nothing is missing; else the name of what is.
  func complete() throws(Missing) -> (subject: Subject, permission: Permission?) {
    guard let subject else { throw Missing(name: "subject") }
    guard let resource else { throw Missing(name: "resource") }
    guard let action else { throw Missing(name: "action") }
    // What is asked is concrete: a pattern in the question would ask for more than one thing.
    let permission = Permission("\(resource.type)/\(resource.id):\(action)")
    return (subject, permission.flatMap { $0.isPattern ? nil : $0 })
  }

  struct Missing: Error {
    let name: String
  }
}

/// When to stop (section 7.1.2).
enum EvaluationSemantic: String, CaseIterable {
  case executeAll = "execute_all"
  case denyOnFirstDeny = "deny_on_first_deny"
  case permitOnFirstPermit = "permit_on_first_permit"

  func isOver(after decision: Bool) -> Bool {
    switch self {
    case .executeAll: false
    case .denyOnFirstDeny: !decision
    case .permitOnFirstPermit: decision
    }
  }
}

/// The answer to one question.
struct EvaluationAnswer {
  let isPermitted: Bool
  /// Why not.
  var reason: DenialReason?
  /// Why it could not be asked, where it stood among others.
  var mistake: String?

  static let permitted = EvaluationAnswer(isPermitted: true)

  static func denied(_ reason: DenialReason) -> EvaluationAnswer { EvaluationAnswer(isPermitted: false, reason: reason) }
  static func wrong(_ mistake: String) -> EvaluationAnswer { EvaluationAnswer(isPermitted: false, mistake: mistake) }

  func write(_ json: inout JSONWriter) {
    json.object { json in
      json.member("decision", isPermitted)
      guard reason != nil || mistake != nil else { return }
      json.member("context") { json in
        json.object { json in
          json.member("reason", ifPresent: reason?.rawValue)
          guard let mistake else { return }
          json.member("error") { json in
            json.object { json in
              json.member("status", 400)
              json.member("message", mistake)
            }
          }
        }
      }
    }
  }
}
