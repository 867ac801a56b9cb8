internal import Persistence

/// A role by its name or its identifier.
package enum RoleReference: Sendable, Equatable, ExpressibleByStringLiteral {
  case named(String)
  case id(Role.ID)

  package init(stringLiteral name: String) { self = .named(name) }
}

/// What a change of roles, of who holds them, or of separations came to. All but `done` and `unchanged` changed nothing.
package enum RoleOutcome: Error, Sendable, Equatable {
  case done
  /// It was so already.
  case unchanged
  case unknownRole
  /// A role that it was to inherit, or to separate.
  case unknownOther(String)
  case unknownHolder
  case unknownSeparation
  /// The application that an assignment was to be held to.
  case unknownApplication
  case nameTaken
  case invalidName
  case invalidDescription
  /// The end of an assignment is over already.
  case endIsOver
  /// An audience that is none, or an application's own assignment held to an application.
  case invalidTerms
  case builtin
  /// It is in another state than the change was made for.
  case outdated
  /// A role would inherit itself.
  case cycle
  case tooDeep
  /// A separation of fewer or more roles than `RoleLimits.separated`.
  case wrongCount
  /// The bound that it would pass, in words.
  case tooMany(String)
  /// The separation that it would be at odds with.
  case separationOfDuty(String)
  /// The separation, and a user or application that holds two of its roles.
  case separationHeld(String, by: String)
  case lastAdministrator
}

extension Database {
  /// A transaction whose body undoes itself by throwing its outcome.
  func outcome(of body: @escaping @Sendable (any Transaction) throws -> RoleOutcome) async throws -> RoleOutcome {
    do {
      return try await transaction(body)
    } catch let refusal as RoleOutcome {
      return refusal
    } catch is LastAdministrator {
      return .lastAdministrator
    }
  }
}
