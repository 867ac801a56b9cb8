package import Primitives

/// A role that an account or application holds, and on what terms.
package struct Assignment: Sendable, Equatable {
  package let role: Role.ID
  package let roleName: String
  package let terms: Terms
  package let grantedAt: Instant

  /// Until when and where an assignment counts.
  package struct Terms: Sendable, Hashable {
    package let expiresAt: Instant?
    /// It counts only in sessions that this application opened; an application's own assignments have none.
    package let application: Application.ID?
    /// It counts only in sessions and tokens for this audience.
    package let audience: String?

    package init(expiresAt: Instant? = nil, application: Application.ID? = nil, audience: String? = nil) {
      self.expiresAt = expiresAt
      self.application = application
      self.audience = audience
    }

    /// Everywhere, without an end.
    package static let unlimited = Terms()

    func isLive(at instant: Instant) -> Bool { expiresAt.map { instant < $0 } ?? true }

    /// `audience` is `nil` for what is meant for no audience, such as an API key.
    func count(for application: Application.ID?, _ audience: String?, at instant: Instant) -> Bool {
      isLive(at: instant) && (self.application.map { $0 == application } ?? true) && (self.audience.map { $0 == audience } ?? true)
    }
  }
}

extension Assignment.Terms: CustomStringConvertible {
  /// As the record has it.
  package var description: String {
    let parts = [
      expiresAt.map { "until \($0.rfc3339())" }, application.map { "in application:\($0)" }, audience.map { "for \($0)" },
    ].compactMap { $0 }
    return parts.isEmpty ? "unlimited" : parts.joined(separator: ", ")
  }
}
