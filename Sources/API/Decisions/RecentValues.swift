/// The values that were used lately, at most `capacity` of them: two dictionaries, of which the older one is dropped whole when the
/// younger is full. What is used moves to the younger; nothing is kept in order, no clock is asked.
struct RecentValues<Key: Hashable, Value> {
  private let half: Int
  private var young: [Key: Value] = [:]
  private var old: [Key: Value] = [:]

  init(capacity: Int) { half = max(1, capacity / 2) }

  var count: Int { young.count + old.count }

  mutating func value(for key: Key) -> Value? {
    if let value = young[key] { return value }
    guard let value = old.removeValue(forKey: key) else { return nil }
    insert(value, for: key)
    return value
  }

  mutating func insert(_ value: Value, for key: Key) {
    if young.count >= half, young[key] == nil {
      old = young
      young = [:]
    }
    young[key] = value
    old[key] = nil
  }

  mutating func remove(_ key: Key) {
    young[key] = nil
    old[key] = nil
  }
}
