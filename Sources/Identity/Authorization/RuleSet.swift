package import Primitives
private import Synchronization

/// All rules of one moment. Never changed: a reload makes another one and puts it into `LiveRules`.
package struct RuleSet: Sendable {
  package let rules: [Rule]
  private let gateways: [IPNetwork]
  private let byName: [String: Int]

  package init(_ rules: [Rule], gateways: [IPNetwork]) {
    self.rules = rules
    self.gateways = gateways
    byName = Dictionary(rules.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  package init(_ settings: DecisionSettings) { self.init(settings.rules, gateways: settings.gateways) }

  /// Whether this peer may ask. A process of this machine that may open the Unix socket may.
  package func isGateway(_ peer: PeerAddress) -> Bool {
    guard let address = peer.address else { return true }
    return gateways.contains { $0.contains(address) }
  }

  package enum Selection: Sendable {
    case rule(Int, Rule.Match)
    case none
    case ambiguousPath
  }

  /// The rule that a question is about: the named one, or the first that matches. A named rule's own conditions have to hold too;
  /// without a name the whole request has to be known.
  package func select(named name: String?, for request: OriginalRequest) -> Selection {
    if request.path.isUnusable { return .ambiguousPath }
    guard !request.method.isUnusable, !request.host.isUnusable else { return .none }
    if let name {
      guard let index = byName[name], case .success(let match) = rules[index].match(request) else { return .none }
      return .rule(index, match)
    }
    guard request.path.value != nil, request.method.value != nil, request.host.value != nil else { return .none }
    for (index, rule) in rules.enumerated() {
      if case .success(let match) = rule.match(request) { return .rule(index, match) }
    }
    return .none
  }

  package func rule(named name: String) -> Rule? { byName[name].map { rules[$0] } }
}

/// The rules in force, replaced whole: all of a reload or nothing of it.
///
/// The lock is held for the copy of one reference; the counter lets a loop see without it that nothing has changed.
package final class LiveRules: Sendable {
  private let rules: Mutex<RuleSet>
  private let count = Atomic<UInt64>(0)

  package init(_ rules: RuleSet) { self.rules = Mutex(rules) }

  package var current: RuleSet { rules.withLock { $0 } }

  /// Another one after every replacement; read it before `current`.
  package var generation: UInt64 { count.load(ordering: .acquiring) }

  package func replace(with rules: RuleSet) {
    self.rules.withLock { $0 = rules }
    count.wrappingAdd(1, ordering: .acquiringAndReleasing)
  }
}
