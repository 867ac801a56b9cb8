internal import Cryptography
internal import JSON
package import Primitives

/// One link of the chain.
package struct AuditEntry: Sendable, Equatable {
  /// 1, 2, 3 … without a gap.
  package let sequence: Int64
  package let happenedAt: Instant
  package let action: String
  package let actor: String
  package let subject: String
  package let requestID: String
  package let address: String
  /// A JSON object of strings, as text.
  package let detail: String
  /// SHA-256 over the predecessor's digest and everything above.
  package let digest: [UInt8]
}

extension AuditEntry {
  init(_ event: AuditEvent, by provenance: Provenance, at instant: Instant, after previous: (sequence: Int64, digest: [UInt8])) {
    var json = JSONWriter()
    json.object { json in
      for fact in event.detail { json.member(fact.name, fact.value) }
      if !provenance.ray.isEmpty { json.member("cf_ray", provenance.ray) }
    }
    self.init(
      sequence: previous.sequence + 1, happenedAt: instant, action: event.action, actor: provenance.actor.description,
      subject: event.subject, requestID: provenance.requestID, address: provenance.address,
      detail: String(decoding: json.bytes, as: UTF8.self), previousDigest: previous.digest)
  }

  private init(
    sequence: Int64, happenedAt: Instant, action: String, actor: String, subject: String, requestID: String, address: String,
    detail: String, previousDigest: [UInt8]
  ) {
    let unlinked = AuditEntry(
      sequence: sequence, happenedAt: happenedAt, action: action, actor: actor, subject: subject, requestID: requestID,
      address: address, detail: detail, digest: [])
    self.init(
      sequence: sequence, happenedAt: happenedAt, action: action, actor: actor, subject: subject, requestID: requestID,
      address: address, detail: detail, digest: unlinked.digest(after: previousDigest))
  }

  /// What `digest` has to be where `previous` is the predecessor's.
  func digest(after previous: [UInt8]) -> [UInt8] { Digest.sha256(canonicalEncoding(after: previous)) }

  /// The bytes under the digest. Each field is preceded by its length in eight bytes, most significant first, so that no two
  /// entries share an encoding: "credentialflow audit entry 1", predecessor's digest, sequence and time in eight bytes each,
  /// then action, actor, subject, request id, address and detail in UTF-8.
  private func canonicalEncoding(after previous: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(320)
    func append(_ field: some Collection<UInt8>) {
      bytes.append(contentsOf: bigEndian(UInt64(field.count)))
      bytes.append(contentsOf: field)
    }
    append("credentialflow audit entry 1".utf8)
    append(previous)
    append(bigEndian(UInt64(bitPattern: sequence)))
    append(bigEndian(UInt64(bitPattern: happenedAt.microseconds)))
    for text in [action, actor, subject, requestID, address, detail] { append(text.utf8) }
    return bytes
  }
}

private func bigEndian(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) } }
