import Glibc
import JSON
import Primitives
import Testing

struct WipedMemoryTests {
  @Test("after a body was read and let go, its password stands nowhere in the process's memory")
  func password() throws {
    // The pattern is kept upside down, so that what is searched for is not found in the search itself.
    let inverted = (0..<40).map { _ in UInt8.random(in: UInt8(ascii: "a")...UInt8(ascii: "z")) ^ 0xFF }
    var text: [UInt8] = []
    text.reserveCapacity(256)
    text.append(contentsOf: #"{"username":"user","mfa":{"code":"1"},"password":""#.utf8)
    for byte in inverted { text.append(byte ^ 0xFF) }
    text.append(contentsOf: #""}"#.utf8)
    #expect(try ProcessMemory.contains(inverted), "the search finds what is there")
    try read(text, expecting: inverted.count)
    Secret.wipe(&text)
    #expect(try !ProcessMemory.contains(inverted))
  }

  private func read(_ text: [UInt8], expecting count: Int) throws {
    let body = try JSONObjectReader(text)
    #expect(try body.secret("password").count == count)
    _ = try body.string("username")
    _ = try body.object("mfa").string("code")
    try body.finish()
  }
}

private enum ProcessMemory {
  private static let chunk = 1 << 20

  /// Whether the bytes whose complement is `inverted` stand in any writable memory of this process.
  static func contains(_ inverted: [UInt8]) throws -> Bool {
    let memory = open("/proc/self/mem", O_RDONLY)
    defer { close(memory) }
    try #require(memory >= 0)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 4096)
    // What was read must not stay behind in freed memory, where the next search would find it.
    defer {
      buffer.initializeMemory(as: UInt8.self, repeating: 0)
      buffer.deallocate()
    }
    let own = UInt(bitPattern: buffer.baseAddress)..<UInt(bitPattern: buffer.baseAddress) + UInt(chunk)
    for region in try writableRegions() {
      var address = region.lowerBound
      while address < region.upperBound {
        let count = pread(memory, buffer.baseAddress, min(chunk, Int(region.upperBound - address)), off_t(address))
        guard count > inverted.count else { break }
        for offset in matches(of: inverted, in: UnsafeRawBufferPointer(rebasing: buffer[..<count])) {
          if !own.contains(address + UInt(offset)) { return true }
        }
        address += count < chunk ? UInt(count) : UInt(count - inverted.count)
      }
    }
    return false
  }

  private static func matches(of inverted: [UInt8], in bytes: UnsafeRawBufferPointer) -> [Int] {
    var found: [Int] = []
    var start = 0
    let first = CInt(inverted[0] ^ 0xFF)
    while start + inverted.count <= bytes.count, let base = bytes.baseAddress,
      let hit = memchr(base + start, first, bytes.count - start)
    {
      let offset = hit - UnsafeMutableRawPointer(mutating: base)
      if offset + inverted.count <= bytes.count, zip(bytes[offset...], inverted).allSatisfy({ $0 == $1 ^ 0xFF }) { found.append(offset) }
      start = offset + 1
    }
    return found
  }

  private static func writableRegions() throws -> [Range<UInt>] {
    let file = try #require(fopen("/proc/self/maps", "r"))
    defer { fclose(file) }
    var regions: [Range<UInt>] = []
    var line = [CChar](repeating: 0, count: 4096)
    while fgets(&line, CInt(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let fields = text.split(separator: " ")
      guard fields.count > 1, fields[1].hasPrefix("rw") else { continue }
      let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      // Larger ones are a sanitizer's shadow.
      if bounds.count == 2, bounds[0] < bounds[1], bounds[1] - bounds[0] < 1 << 30 { regions.append(bounds[0]..<bounds[1]) }
    }
    return regions
  }
}
