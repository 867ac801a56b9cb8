import CNGHTTP2
import Glibc

/// One HTTP/2 frame (RFC 9113, section 4.1).
struct Frame: CustomStringConvertible {
  enum Kind: UInt8 {
    case data, headers, priority, reset, settings, push, ping, goAway, windowUpdate, continuation
  }

  static let endStream: UInt8 = 1
  static let acknowledgement: UInt8 = 1
  static let endHeaders: UInt8 = 4

  var type: UInt8
  var flags: UInt8 = 0
  var stream: UInt32 = 0
  var payload: [UInt8] = []

  init(_ kind: Kind, _ flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
    self.init(type: kind.rawValue, flags, stream: stream, payload)
  }

  init(type: UInt8, _ flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
    self.type = type
    self.flags = flags
    self.stream = stream
    self.payload = payload
  }

  var kind: Kind? { Kind(rawValue: type) }

  var bytes: [UInt8] {
    let length = UInt32(payload.count)
    return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags] + Self.number(stream) + payload
  }

  /// The error code of RST_STREAM and GOAWAY.
  var code: UInt32 { Self.number(payload[(kind == .goAway ? 4 : 0)...]) }

  var description: String { "\(kind.map { "\($0)" } ?? "\(type)") flags \(flags) stream \(stream) \(payload.count) bytes" }

  static func number(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(value >> UInt32(24 - 8 * $0) & 255) } }
  static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }

  static func settings(_ entries: [(UInt16, UInt32)]) -> Frame {
    Frame(.settings, 0, entries.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] + number($1) })
  }

  static func window(_ stream: UInt32, _ increment: UInt32) -> Frame { Frame(.windowUpdate, stream: stream, number(increment)) }

  /// A whole field section, each field a literal that is not indexed (RFC 7541, section 6.2.2).
  static func fields(_ fields: [(String, String)], stream: UInt32, ends: Bool = true) -> Frame {
    Frame(.headers, endHeaders | (ends ? endStream : 0), stream: stream, block(fields))
  }

  static func block(_ fields: [(String, String)]) -> [UInt8] { block(fields.map { (Array($0.utf8), Array($1.utf8)) }) }
  static func block(_ fields: [(name: [UInt8], value: [UInt8])]) -> [UInt8] { fields.flatMap { [0] + text($0.name) + text($0.value) } }

  /// A block in as few frames as it takes.
  static func blocks(_ block: [UInt8], stream: UInt32, ends: Bool) -> [Frame] {
    let starts = Array(stride(from: 0, to: max(1, block.count), by: 16_384))
    return starts.enumerated().map { index, start in
      let part = Array(block[start..<min(block.count, start + 16_384)])
      let isLast: UInt8 = index == starts.count - 1 ? endHeaders : 0
      return index == 0
        ? Frame(.headers, isLast | (ends ? endStream : 0), stream: stream, part) : Frame(.continuation, isLast, stream: stream, part)
    }
  }

  static func text(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
    var length: [UInt8] = [127]
    var rest = bytes.count - 127
    while rest >= 128 {
      length.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    return length + [UInt8(rest)] + bytes
  }
}

/// An HTTP/2 client that sends whatever frames it is told to, and reads answers.
final class FrameClient {
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  let socket: Client
  /// Frames that were read while others were looked for.
  private(set) var seen: [Frame] = []
  /// Whether the server's SETTINGS are acknowledged as they are read.
  var acknowledges = true
  private var nextStream: UInt32 = 1
  private var inflater: OpaquePointer?

  /// Sends the preface and empty SETTINGS, unless told otherwise.
  init(_ socket: Client, settings: [(UInt16, UInt32)]? = []) {
    self.socket = socket
    nghttp2_hd_inflate_new(&inflater)
    guard let settings else { return }
    socket.send(Self.preface + Frame.settings(settings).bytes)
  }

  deinit { nghttp2_hd_inflate_del(inflater) }

  @discardableResult func send(_ frames: Frame...) -> Bool { socket.send(frames.flatMap(\.bytes)) }

  /// The pseudo-header fields of a request, and more.
  static func request(_ method: String, _ path: String, _ more: [(String, String)] = []) -> [(String, String)] {
    [(":method", method), (":scheme", "http"), (":path", path), (":authority", "a")] + more
  }

  /// Opens the next stream. Its number.
  @discardableResult func open(_ fields: [(String, String)], ends: Bool = true) -> UInt32 {
    open(blocks: Frame.block(fields), ends: ends)
  }

  @discardableResult func open(blocks block: [UInt8], ends: Bool = true) -> UInt32 {
    defer { nextStream += 2 }
    socket.send(Frame.blocks(block, stream: nextStream, ends: ends).flatMap(\.bytes))
    return nextStream
  }

  @discardableResult func open(_ fields: [(String, String)], body: [UInt8]) -> UInt32 {
    let stream = open(fields, ends: false)
    send(Frame(.data, Frame.endStream, stream: stream, body))
    return stream
  }

  @discardableResult func get(_ path: String, _ more: [(String, String)] = []) -> UInt32 { open(Self.request("GET", path, more)) }

  @discardableResult func post(_ path: String, _ body: String, _ more: [(String, String)] = []) -> UInt32 {
    open(Self.request("POST", path, more), body: Array(body.utf8))
  }

  /// The next frame. SETTINGS of the server are acknowledged.
  func frame() throws -> Frame {
    let head = try socket.bytes(9)
    let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
    let stream = Frame.number(head[5...]) & 0x7FFF_FFFF
    let frame = Frame(type: head[3], head[4], stream: stream, try socket.bytes(length))
    if acknowledges, frame.kind == .settings, frame.flags & Frame.acknowledgement == 0 { send(Frame(.settings, Frame.acknowledgement)) }
    note(frame)
    return frame
  }

  /// What a frame says of streams; compressed fields have to be read in their order.
  private func note(_ frame: Frame) {
    switch frame.kind {
    case .goAway: endings.append((0, .goAway(frame.code)))
    // After a whole answer it only says that the rest of the body is not wanted.
    case .reset: if frame.code != 0 { endings.append((frame.stream, .reset(frame.code))) }
    case .headers: open[frame.stream, default: ([], [])].fields += inflate(frame.payload)
    case .data: open[frame.stream]?.body += frame.payload
    default: return
    }
    guard frame.kind == .headers || frame.kind == .data, frame.flags & Frame.endStream != 0 else { return }
    let (fields, body) = open.removeValue(forKey: frame.stream) ?? ([], [])
    let status = fields.last { $0.name == ":status" }.flatMap { Int($0.value) } ?? 0
    endings.append((frame.stream, .answer(Answer(status: status, headers: fields, body: String(decoding: body, as: UTF8.self)))))
  }

  /// Reads until a frame that `isWanted`; what came before stands in `seen`.
  func first(_ isWanted: (Frame) -> Bool) throws -> Frame {
    if let index = seen.firstIndex(where: isWanted) { return seen.remove(at: index) }
    while true {
      let frame = try frame()
      if isWanted(frame) { return frame }
      seen.append(frame)
    }
  }

  func first(_ kind: Frame.Kind) throws -> Frame { try first { $0.kind == kind } }

  /// How a stream ended: an answer, or the code with which it was reset.
  enum Ending {
    case answer(Answer)
    case reset(UInt32)
    case goAway(UInt32)

    var status: Int? { if case .answer(let answer) = self { answer.status } else { nil } }
    var code: UInt32? {
      switch self {
      case .answer: nil
      case .reset(let code), .goAway(let code): code
      }
    }
  }

  private var open: [UInt32: (fields: [(name: String, value: String)], body: [UInt8])] = [:]
  private var endings: [(stream: UInt32, Ending)] = []

  /// The next stream that ends, or the end of the connection.
  func ending() throws -> (stream: UInt32, Ending) {
    while endings.isEmpty { seen.append(try frame()) }
    return endings.removeFirst()
  }

  /// The answer on a stream that is the next to end.
  func answer(_ stream: UInt32? = nil) throws -> Answer {
    var (ended, ending) = try ending()
    // That the server goes away concerns later requests.
    while case .goAway(0) = ending { (ended, ending) = try self.ending() }
    guard case .answer(let answer) = ending, stream == nil || stream == ended else {
      throw ClientError.closed("stream \(ended): \(ending), not an answer on \(stream ?? 0)")
    }
    return answer
  }

  private func inflate(_ block: [UInt8]) -> [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    var rest = block[...]
    while true {
      var field = nghttp2_nv()
      var flags: Int32 = 0
      let count = rest.withUnsafeBufferPointer { nghttp2_hd_inflate_hd2(inflater, &field, &flags, $0.baseAddress, $0.count, 1) }
      guard count >= 0 else { return fields }
      rest = rest.dropFirst(count)
      if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
        let name = UnsafeBufferPointer(start: field.name, count: field.namelen)
        let value = UnsafeBufferPointer(start: field.value, count: field.valuelen)
        fields.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
      }
      if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 {
        nghttp2_hd_inflate_end_headers(inflater)
        return fields
      }
      if rest.isEmpty, count == 0 { return fields }
    }
  }
}
