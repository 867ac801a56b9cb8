private import Cryptography
private import JSON

/// The key set as verifiers fetch it (RFC 7517, section 5): the public halves of all keys, those to come and those going included.
package enum JWKS {
  package static func render(_ keys: KeySet) -> [UInt8] {
    var json = JSONWriter(capacity: 256 * max(1, keys.entries.count))
    json.object { json in
      json.member("keys") { json in
        json.array(keys.entries) { json, entry in
          json.object { json in
            for member in entry.key.verifyingKey.jwk.members { json.member(member.name, member.value) }
            json.member("kid", entry.id)
            json.member("use", "sig")
            json.member("alg", entry.key.algorithm.rawValue)
          }
        }
      }
    }
    return json.bytes
  }
}
