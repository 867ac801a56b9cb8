internal import JSON
package import Persistence
package import Primitives
private import Synchronization

/// The feed for verifiers that check tokens themselves: what was revoked, in order, page by page, each page signed.
///
/// Who has a cursor gets what came after it. Who has none, or one that the feed does not know (another history, or so old that its
/// entry is forgotten), gets a page with `snapshot`: forget what you knew, all that still matters begins here.
package final class RevocationFeed: Sendable {
  /// The `typ` of a page: no door of ours takes it.
  package static let type = "cf-revocations+jwt"

  static let pageLength = 500
  private static let mostWaiting = 64
  /// How often one who waits looks at the counter of changes, which costs nothing.
  private static let lookInterval = Duration.milliseconds(200)
  /// How long a page may be believed.
  private static let pageLifetime = Duration.minutes(5)

  private let database: any Database
  private let tokens: AccessTokens
  private let now: Now
  private let waiting = Atomic(0)

  package init(database: any Database, tokens: AccessTokens, now: Now) {
    self.database = database
    self.tokens = tokens
    self.now = now
  }

  package struct Page: Sendable {
    let isSnapshot: Bool
    let entries: [RevocationStore.Entry]
    let next: RevocationCursor
    let hasMore: Bool
  }

  /// Where there is nothing new, waits up to `wait` for it, unless too many wait already. Waiting holds no thread.
  package func page(after cursor: RevocationCursor?, wait: Duration) async throws -> Page {
    let end = ContinuousClock.now + wait
    while true {
      let stamp = database.changes.stamp(of: .revocations)
      let page = try await page(after: cursor)
      guard !page.isSnapshot, page.entries.isEmpty, ContinuousClock.now < end else { return page }
      guard waiting.add(1, ordering: .relaxed).newValue <= Self.mostWaiting else {
        waiting.subtract(1, ordering: .relaxed)
        return page
      }
      defer { waiting.subtract(1, ordering: .relaxed) }
      while database.changes.isCurrent(stamp), ContinuousClock.now < end { try await Task.sleep(for: Self.lookInterval) }
    }
  }

  private func page(after cursor: RevocationCursor?) async throws -> Page {
    try await database.read { db in
      let store = RevocationStore(db)
      let known = try cursor.flatMap { try store.knows($0) ? $0 : nil }
      let entries = try store.entries(after: known?.sequence ?? 0, limit: Self.pageLength + 1)
      let shown = Array(entries.prefix(Self.pageLength))
      return Page(
        isSnapshot: known == nil, entries: shown, next: try shown.last?.cursor ?? store.head(), hasMore: entries.count > shown.count)
    }
  }

  /// A JWS of the page (RFC 7515, compact form), for one reader. An event names a claim (of a key, the header) and its value:
  /// tokens that have it and were issued at `revoked_at` or before are worth nothing; after `expires_at` none of them lives.
  package func sign(_ page: Page, for reader: String, _ application: Application?) throws -> String {
    let at = now()
    var json = JSONWriter(capacity: 256 + 160 * page.entries.count)
    json.object { json in
      json.member("iss", tokens.issuer)
      json.member("aud", reader)
      json.member("iat", at.unixSeconds)
      json.member("exp", (at + Self.pageLifetime).unixSeconds)
      json.member("snapshot", page.isSnapshot)
      json.member("more", page.hasMore)
      json.member("next", "\(page.next)")
      json.member("events") { json in
        json.array(page.entries) { json, entry in
          json.object { json in
            json.member("claim", entry.revocation.kind.rawValue)
            json.member("value", entry.revocation.subject)
            json.member("final", entry.revocation.isFinal)
            json.member("revoked_at", entry.revokedAt.unixSeconds)
            json.member("expires_at", entry.expiresAt.unixSeconds)
          }
        }
      }
    }
    return try tokens.sign(statement: json.bytes, type: Self.type, for: application)
  }
}
