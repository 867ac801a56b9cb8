internal import CNGHTTP2

/// Follows the frames of a connection by their heads alone (RFC 9113, section 4.1), beside libnghttp2, which tells neither of every
/// frame nor of one that has only begun.
struct FrameScanner {
  private static let headLength = 9

  /// Bytes of what is being passed over: at first the preface.
  private var remaining = 24
  private var head: UInt64 = 0
  private var headCount = 0
  private var type = NGHTTP2_SETTINGS
  /// A block of fields goes on in the next frame.
  private var isInBlock = false
  private var hasSeenFrame = false

  /// Whether the client has begun something that others have to wait for: anything but the data of a body.
  var isMidway: Bool { !hasSeenFrame || isInBlock || headCount > 0 || remaining > 0 && type != NGHTTP2_DATA }

  /// How many frames of `bytes` bring nothing: neither a request nor a part of a body.
  mutating func scan(_ bytes: Span<UInt8>) -> Int {
    var costs = 0
    var position = 0
    while position < bytes.count {
      let skipped = min(remaining, bytes.count - position)
      remaining -= skipped
      position += skipped
      while remaining == 0, position < bytes.count {
        // Eight of the nine bytes say it all but for the last of the stream's number.
        if headCount < 8 { head = head << 8 | UInt64(bytes[position]) }
        headCount += 1
        position += 1
        if headCount == Self.headLength, takeHead() { costs += 1 }
      }
    }
    return costs
  }

  /// Whether the frame that begins is one of those that are rationed.
  private mutating func takeHead() -> Bool {
    headCount = 0
    hasSeenFrame = true
    remaining = Int(head >> 40)
    type = nghttp2_frame_type(UInt32(head >> 32 & 0xFF))
    let flags = Int(head >> 24 & 0xFF)
    switch type {
    case NGHTTP2_HEADERS, NGHTTP2_CONTINUATION:
      isInBlock = flags & Int(NGHTTP2_FLAG_END_HEADERS.rawValue) == 0
      return type == NGHTTP2_CONTINUATION
    case NGHTTP2_DATA:
      let isPadded = flags & Int(NGHTTP2_FLAG_PADDED.rawValue) != 0
      return flags & Int(NGHTTP2_FLAG_END_STREAM.rawValue) == 0 && remaining <= (isPadded ? 256 : 0)
    default: return true
    }
  }
}
