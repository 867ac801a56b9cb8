private import Glibc

/// The buckets of one shard: sets of eight, each set two neighbouring cache lines, 16 bytes a bucket.
///
///     set:  tag ×8 | full at ×8          tag: 63 bits of the key's hash; the lowest bit of the first one: some of this set's
///                                        buckets stand in their second set
///
/// A bucket that is full says nothing, so its place is free for anybody, the longest full first. A key has two sets; where all
/// sixteen places hold buckets in debt the table grows, and once it may not, the bucket goes whose debt is paid first.
struct PaceTable: ~Copyable {
  private static let ways = 8
  private static let wordsPerSet = 16
  private static let mark: UInt64 = 1
  /// Two odd numbers; the two sets of a tag are the upper bits of its products with them.
  private static let spread: (UInt64, UInt64) = (0x9E37_79B9_7F4A_7C15, 0xC2B2_AE3D_27D4_EB4F)
  private static let fewestSets = 4
  private static let hugePage = 2 << 20

  // By hand, because a set must not straddle cache lines; `setCount * wordsPerSet` words, all of them initialised.
  private var words: UnsafeMutablePointer<UInt64>
  private(set) var setCount: Int
  private let mostSets: Int

  init(mostSets: Int) {
    self.mostSets = max(1, mostSets)
    setCount = min(Self.fewestSets, self.mostSets)
    words = Self.allocate(setCount)
  }

  deinit { words.deallocate() }

  var byteCount: Int { setCount * Self.wordsPerSet * 8 }

  /// Microseconds since 1970 at which the bucket is full; 0 for one that is not here.
  func fullAt(_ hash: UInt64) -> Int64 { place(of: hash).map { instant($0) } ?? 0 }

  /// Where the bucket stands, if it does.
  func place(of hash: UInt64) -> Int? {
    let tag = hash & ~Self.mark
    let home = first(tag)
    if let place = find(tag, in: home) { return place }
    return words[home] & Self.mark == 0 ? nil : find(tag, in: second(tag))
  }

  func instant(_ place: Int) -> Int64 { Int64(bitPattern: words[place + Self.ways]) }

  mutating func set(_ place: Int, fullAt: Int64) { words[place + Self.ways] = UInt64(bitPattern: fullAt) }

  /// Makes a bucket for a key that has none.
  mutating func insert(_ hash: UInt64, fullAt: Int64, now: Int64) {
    while true {
      let (place, isFree) = candidate(hash & ~Self.mark, now: now)
      if isFree || setCount >= mostSets { return put(hash & ~Self.mark, at: place, fullAt: fullAt) }
      resize(to: min(setCount * 2, mostSets), now: now)
    }
  }

  /// Gives back what a flood made the table grow to, where an eighth of it would do.
  mutating func trim(now: Int64) {
    var owing = 0
    for set in 0..<setCount { owing += (0..<Self.ways).count { instant(set * Self.wordsPerSet + $0) > now } }
    var wanted = setCount
    while wanted > Self.fewestSets, owing * 4 <= wanted / 2 * Self.ways { wanted = (wanted + 1) / 2 }
    if wanted <= setCount / 4 { resize(to: wanted, now: now) }
  }

  /// The place among a tag's sixteen whose bucket has been full longest, in its first set if there is one; else the one that will
  /// be full first.
  private func candidate(_ tag: UInt64, now: Int64) -> (place: Int, isFree: Bool) {
    let here = earliest(in: first(tag))
    if instant(here) <= now { return (here, true) }
    let there = earliest(in: second(tag))
    return instant(there) < instant(here) ? (there, instant(there) <= now) : (here, false)
  }

  private mutating func put(_ tag: UInt64, at place: Int, fullAt: Int64) {
    let home = first(tag)
    words[place] = tag | (words[place] & Self.mark)
    set(place, fullAt: fullAt)
    if place / Self.wordsPerSet != home / Self.wordsPerSet { words[home] |= Self.mark }
  }

  private mutating func resize(to count: Int, now: Int64) {
    let (old, oldCount) = (words, setCount)
    words = Self.allocate(count)
    setCount = count
    for set in 0..<oldCount {
      for place in (set * Self.wordsPerSet)..<(set * Self.wordsPerSet + Self.ways) {
        let fullAt = Int64(bitPattern: old[place + Self.ways])
        guard fullAt > now else { continue }
        let tag = old[place] & ~Self.mark
        put(tag, at: candidate(tag, now: now).place, fullAt: fullAt)
      }
    }
    old.deallocate()
  }

  private func find(_ tag: UInt64, in set: Int) -> Int? {
    for place in set..<(set + Self.ways) where words[place] & ~Self.mark == tag { return place }
    return nil
  }

  private func earliest(in set: Int) -> Int {
    var best = set
    for place in (set + 1)..<(set + Self.ways) where instant(place) < instant(best) { best = place }
    return best
  }

  private func first(_ tag: UInt64) -> Int { index(tag &* Self.spread.0) }
  private func second(_ tag: UInt64) -> Int { index(tag &* Self.spread.1) }

  /// The word at which a set begins.
  private func index(_ product: UInt64) -> Int {
    Int(truncatingIfNeeded: product.multipliedFullWidth(by: UInt64(setCount)).high) * Self.wordsPerSet
  }

  private static func allocate(_ setCount: Int) -> UnsafeMutablePointer<UInt64> {
    let count = setCount * wordsPerSet
    let isLarge = count * 8 >= hugePage
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: isLarge ? hugePage : 128)
    // A look-up in a large table misses the cache; it should not miss the table of pages as well. Where the kernel has none to give,
    // nothing is lost.
    if isLarge { madvise(bytes, count * 8, MADV_HUGEPAGE) }
    return bytes.initializeMemory(as: UInt64.self, repeating: 0, count: count)
  }
}
