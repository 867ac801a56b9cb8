/// `acr`: how sure a sign-in was, in ascending order (contract, section 1).
package enum AuthenticationLevel: String, Sendable, CaseIterable, Comparable {
  case aal1, aal2, aal3

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
