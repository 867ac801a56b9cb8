package import Primitives

/// Which rule a request meets, why not the ones before, and what it decides: what a decision does, told.
package struct RuleExplanation: Sendable {
  /// Who sends the request.
  package enum Sender: Sendable {
    case nobody
    case known(Principal)
    case refused(DenialReason)
  }

  /// The rules that were tried and are not about the request, with the reason.
  package private(set) var skipped: [(rule: String, why: String)] = []
  package private(set) var rule: String?
  /// `nil` where the request passes.
  package private(set) var denial: Denial?

  package init(
    _ rules: RuleSet, named name: String?, _ request: OriginalRequest, by sender: Sender, issuer: String, at now: Instant
  ) {
    let isSent = if case .nobody = sender { false } else { true }
    for rule in name.map({ name in rules.rules.filter { $0.name == name } }) ?? rules.rules {
      if case .failure(let mismatch) = rule.match(request) { skipped.append((rule.name, mismatch.rawValue)) } else { break }
    }
    switch rules.select(named: name, for: request) {
    case .none: denial = Denial(.noRule, hasCredential: isSent)
    case .ambiguousPath:
      skipped = []
      denial = Denial(.ambiguousPath, hasCredential: isSent)
    case .rule(let index, let match):
      let found = rules.rules[index]
      rule = found.name
      guard !found.isAnonymous else { return }
      switch sender {
      case .nobody: denial = Denial(.noCredentials, hasCredential: false)
      case .refused(let reason): denial = Denial(reason, hasCredential: true)
      case .known(let principal):
        if case .denied(let found) = Decision.of(found, match, request.path.value, principal, issuer: issuer, at: now) { denial = found }
      }
    }
  }
}
