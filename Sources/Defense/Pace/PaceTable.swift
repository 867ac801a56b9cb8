private import Glibc

/// The buckets of one shard, 16 bytes each: lines of four, each one cache line; two neighbouring lines are a set.
///
///     line:  tag ×4 | full at ×4         tag: 63 bits of the key's hash; the lowest bit of the first one: some buckets whose line
///                                        this is stand elsewhere
///
/// A bucket that is full says nothing, so its place is free for anybody, the longest full first. A key has a line, that line's
/// neighbour and a second set, in this order: mostly one cache line is all that is looked at. Where all sixteen places hold buckets in
/// debt the table grows, and once it may not, the bucket goes whose debt is paid first.
struct PaceTable: ~Copyable {
  private static let ways = 4
  private static let wordsPerLine = 8
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

  /// Where the lines begin, for `line`.
  var address: UInt { UInt(bitPattern: words) }
  var byteCount: Int { setCount * Self.wordsPerSet * 8 }

  /// Microseconds since 1970 at which the bucket is full; 0 for one that is not here.
  func fullAt(_ hash: UInt64) -> Int64 { place(of: hash).map { instant($0) } ?? 0 }

  /// Where the bucket stands, if it does.
  func place(of hash: UInt64) -> Int? {
    let tag = hash & ~Self.mark
    let home = Self.line(of: tag, setCount)
    if let place = find(tag, in: home) { return place }
    guard words[home] & Self.mark != 0 else { return nil }
    if let place = find(tag, in: Self.neighbour(home)) { return place }
    let second = second(tag)
    return find(tag, in: second) ?? find(tag, in: Self.neighbour(second))
  }

  /// The line in which a bucket mostly stands, as the number of its first word. The lowest bits of a hash, by which one site's buckets
  /// differ, have no part in it.
  static func line(of hash: UInt64, _ setCount: Int) -> Int {
    let product = (hash & ~PaceKey.kinds) &* spread.0
    return index(product, setCount) | Int(product & 1 << 20) >> 17
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
    for line in 0..<(setCount * 2) { owing += (0..<Self.ways).count { instant(line * Self.wordsPerLine + $0) > now } }
    var wanted = setCount
    while wanted > Self.fewestSets, owing * 4 <= wanted * Self.ways { wanted = (wanted + 1) / 2 }
    if wanted <= setCount / 4 { resize(to: wanted, now: now) }
  }

  /// The place among a tag's sixteen whose bucket has been full longest, in the first of its lines that has one; else the one that
  /// will be full first.
  private func candidate(_ tag: UInt64, now: Int64) -> (place: Int, isFree: Bool) {
    let home = Self.line(of: tag, setCount)
    let here = earliest(in: home)
    if instant(here) <= now { return (here, true) }
    let second = second(tag)
    var best = here
    for line in [Self.neighbour(home), second, Self.neighbour(second)] {
      let there = earliest(in: line)
      if instant(there) <= now { return (there, true) }
      if instant(there) < instant(best) { best = there }
    }
    return (best, false)
  }

  private mutating func put(_ tag: UInt64, at place: Int, fullAt: Int64) {
    let home = Self.line(of: tag, setCount)
    words[place] = tag | (words[place] & Self.mark)
    set(place, fullAt: fullAt)
    if place / Self.wordsPerLine != home / Self.wordsPerLine { words[home] |= Self.mark }
  }

  private mutating func resize(to count: Int, now: Int64) {
    let (old, oldCount) = (words, setCount)
    words = Self.allocate(count)
    setCount = count
    for line in 0..<(oldCount * 2) {
      for place in (line * Self.wordsPerLine)..<(line * Self.wordsPerLine + Self.ways) {
        let fullAt = Int64(bitPattern: old[place + Self.ways])
        guard fullAt > now else { continue }
        let tag = old[place] & ~Self.mark
        put(tag, at: candidate(tag, now: now).place, fullAt: fullAt)
      }
    }
    old.deallocate()
  }

  // Both without a branch for each place: which one it will be, no processor can foretell.
  private func find(_ tag: UInt64, in line: Int) -> Int? {
    var found = -1
    for place in line..<(line + Self.ways) { found = words[place] & ~Self.mark == tag ? place : found }
    return found < 0 ? nil : found
  }

  private func earliest(in line: Int) -> Int {
    var (best, soonest) = (line, instant(line))
    for place in (line + 1)..<(line + Self.ways) {
      let instant = instant(place)
      let isSooner = instant < soonest
      best = isSooner ? place : best
      soonest = isSooner ? instant : soonest
    }
    return best
  }

  private func second(_ tag: UInt64) -> Int { Self.index(tag &* Self.spread.1, setCount) }

  /// The other line of a set.
  private static func neighbour(_ line: Int) -> Int { line ^ wordsPerLine }

  /// The word at which a set begins.
  private static func index(_ product: UInt64, _ setCount: Int) -> Int {
    Int(truncatingIfNeeded: product.multipliedFullWidth(by: UInt64(setCount)).high) * wordsPerSet
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
