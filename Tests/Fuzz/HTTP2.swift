import Server

/// `nonisolated(unsafe)`: libFuzzer calls from one thread.
nonisolated(unsafe) private let library = HTTP2Library(isStrict: false)

/// Feeds one HTTP/2 connection, in pieces that the first byte chooses, and stops when what it counts does not come out.
///
/// Bit 7 of the first byte: the preface and SETTINGS come before the rest, so that chance need not find them. Bit 2: the server goes
/// away early.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard count > 0, let first = start?.pointee, let peer = StreamPeer(library, streamLimit: 8) else { return 0 }
  let input = Array(UnsafeBufferPointer(start: start, count: count)[1...])
  let opening = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
  peer.feed(first & 0x80 == 0 ? input : opening + input, cut: [1, 7, 100, 16_384][Int(first & 3)], leavesAt: first & 4 == 0 ? nil : 3)
  peer.finish()
  precondition(peer.violations.isEmpty, "\(peer.violations)")
  return 0
}
