/// One numbered file of this folder, embedded in the binary.
package struct Migration: Sendable {
  package let number: Int
  package let name: String
  package let text: String
}

/// Every migration, in the order in which it runs. A file that has been released is never edited; the next one changes it.
package enum Migrations {
  package static let all: [Migration] = [
    Migration(number: 1, name: "foundation", bytes: PackageResources._001_foundation_sql),
    Migration(number: 2, name: "journal", bytes: PackageResources._002_journal_sql),
    Migration(number: 3, name: "identity", bytes: PackageResources._003_identity_sql),
    Migration(number: 4, name: "access", bytes: PackageResources._004_access_sql),
    Migration(number: 5, name: "keys", bytes: PackageResources._005_keys_sql),
    Migration(number: 6, name: "sessions", bytes: PackageResources._006_sessions_sql),
    Migration(number: 7, name: "feed", bytes: PackageResources._007_feed_sql),
    Migration(number: 8, name: "delivery", bytes: PackageResources._008_delivery_sql),
    Migration(number: 9, name: "enrollment", bytes: PackageResources._009_enrollment_sql),
    Migration(number: 10, name: "webauthn", bytes: PackageResources._010_webauthn_sql),
    Migration(number: 11, name: "account_indexes", bytes: PackageResources._011_account_indexes_sql),
    Migration(number: 12, name: "totp_step", bytes: PackageResources._012_totp_step_sql),
    Migration(number: 13, name: "totp_secret", bytes: PackageResources._013_totp_secret_sql),
    Migration(number: 14, name: "factor_confirmed", bytes: PackageResources._014_factor_confirmed_sql),
    Migration(number: 15, name: "outbox_urgency", bytes: PackageResources._015_outbox_urgency_sql),
  ]
}

extension Migration {
  fileprivate init(number: Int, name: String, bytes: [UInt8]) {
    self.init(number: number, name: name, text: String(decoding: bytes, as: UTF8.self))
  }
}
