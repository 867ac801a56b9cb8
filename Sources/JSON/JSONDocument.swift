internal import CJansson
private import CSodium
private import Glibc

/// A parsed text in libjansson's memory, which is wiped when the last `JSONValue` of it goes.
///
/// `@unchecked`: the tree is never changed after `init`, and reading a libjansson value writes nothing.
final class JSONDocument: @unchecked Sendable {
  let root: UnsafeMutablePointer<json_t>

  init(parsing bytes: [UInt8]) throws(JSONError) {
    try JSONScanner.check(bytes)
    WipingAllocator.install()
    var fault = json_error_t()
    let flags = Int(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY)
    let parsed = bytes.withUnsafeBytes { json_loadb($0.baseAddress, $0.count, flags, &fault) }
    guard let parsed else {
      // The scanner is at least as strict as libjansson (a fuzz target holds it to that): what is left is memory.
      let position = JSONPosition(offset: max(0, min(Int(fault.position), bytes.count)), in: bytes)
      throw JSONError(pointer: "", detail: "this is not JSON that can be read", position: position)
    }
    root = parsed
  }

  deinit { json_decref(root) }
}

/// Memory for libjansson that is wiped before it is given back, since parsed texts hold passwords.
private enum WipingAllocator {
  /// Room before each block for its size, as large as malloc's alignment.
  private static let header = 16

  /// Once in a process, before the first text is parsed: libjansson keeps its allocator in a global.
  static func install() { _ = isInstalled }

  private static let isInstalled: Bool = {
    json_set_alloc_funcs({ WipingAllocator.allocate($0) }, { WipingAllocator.free($0) })
    return true
  }()

  private static func allocate(_ count: Int) -> UnsafeMutableRawPointer? {
    guard let block = malloc(count + header) else { return nil }
    block.storeBytes(of: count, as: Int.self)
    return block + header
  }

  private static func free(_ pointer: UnsafeMutableRawPointer?) {
    guard let pointer else { return }
    let block = pointer - header
    sodium_memzero(block, block.load(as: Int.self) + header)
    Glibc.free(block)
  }
}
