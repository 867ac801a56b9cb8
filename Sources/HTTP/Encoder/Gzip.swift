private import CZlib

/// Compresses in the form of RFC 1952.
package enum Gzip {
  /// Beyond this an answer goes out as it is: compressing happens on the loop.
  private static let longest = 1 << 20
  /// 15 bits of window, and 16 more ask zlib for gzip's header.
  private static let windowBits: Int32 = 15 + 16

  /// `nil` where `bytes` are too many, or do not become fewer.
  package static func compress(_ bytes: [UInt8]) -> [UInt8]? {
    guard !bytes.isEmpty, bytes.count <= longest else { return nil }
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    guard deflateInit2_(&stream, 4, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK else { return nil }
    defer { deflateEnd(&stream) }
    var isComplete = false
    let compressed = bytes.withUnsafeBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: bytes.count) { output, count in
        // zlib reads through a pointer that its header does not call const.
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        isComplete = deflate(&stream, Z_FINISH) == Z_STREAM_END
        count = output.count - Int(stream.avail_out)
      }
    }
    return isComplete && compressed.count < bytes.count ? compressed : nil
  }
}
