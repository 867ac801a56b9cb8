import Glibc
import JSON

/// A blocking HTTP client on a real socket, with a deadline on every read.
final class Connection {
  let descriptor: Int32
  private var buffer: [UInt8] = []

  struct Failure: Error {
    let reason: String
  }

  /// `source`: the last byte of the address of this computer, 127.0.0.x, that the connection comes from.
  init(port: UInt16, source: UInt8 = 1) throws {
    // No child of a test keeps it open.
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    if source != 1 { Self.bind(descriptor, to: source) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard status == 0 else { throw Failure(reason: "connect: \(errno)") }
    var timeout = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var yes: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
  }

  /// To a Unix-domain socket.
  init(path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    let status = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    guard status == 0 else { throw Failure(reason: "connect: \(errno)") }
    var timeout = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  private static func bind(_ descriptor: Int32, to source: UInt8) {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = (UInt32(0x7F00_0000) | UInt32(source)).bigEndian
    withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// Whether something comes within so many milliseconds, be it the end.
  func hasNews(within milliseconds: Int32) -> Bool {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, milliseconds) > 0
  }

  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }

  func answer(isHead: Bool = false) throws -> Answer {
    while true {
      if let answer = Answer.take(&buffer, isHead: isHead) { return answer }
      var chunk = [UInt8](repeating: 0, count: 16_384)
      let count = recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { throw Failure(reason: "closed or silent after: \(String(decoding: buffer, as: UTF8.self))") }
      buffer += chunk[..<count]
    }
  }
}

/// Requests as bytes.
enum Call {
  static func bytes(_ method: String, _ path: String, _ headers: [(String, String)], _ body: [UInt8]?) -> [UInt8] {
    var text = "\(method) \(path) HTTP/1.1\r\nHost: auth.example.com\r\n"
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if let body { text += "Content-Length: \(body.count)\r\n" }
    return Array((text + "\r\n").utf8) + (body ?? [])
  }
}

/// One answer.
struct Answer: CustomStringConvertible {
  let status: Int
  let headers: [(name: String, value: String)]
  let body: [UInt8]

  subscript(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }

  var text: String { String(decoding: body, as: UTF8.self) }
  var description: String { "\(status) \(text)" }
  var json: JSONValue? { try? JSONValue(parsing: body) }

  /// The `code` of a problem.
  var code: String? { json?["code"]?.string }
  /// The pointer of the first of a problem's `errors`.
  var pointer: String? { json?["errors"]?.elements?.first?["pointer"]?.string }
  var challenge: String? { json?["challenge"]?.string }
  var accessToken: String? { json?["access_token"]?.string }
  var refreshToken: String? { json?["refresh_token"]?.string }
  var sessionID: String? { json?["session_id"]?.string }

  /// The access token; an answer without one ends the test.
  func token() throws -> String {
    guard let accessToken else { throw World.Unexpected(what: "no token: \(self)") }
    return accessToken
  }

  /// The refresh token; an answer without one ends the test.
  func refresh() throws -> String {
    guard let refreshToken else { throw World.Unexpected(what: "no refresh token: \(self)") }
    return refreshToken
  }

  static func take(_ buffer: inout [UInt8], isHead: Bool) -> Answer? {
    guard let end = buffer.indices.first(where: { buffer[$0] == 13 && buffer[$0...].starts(with: [13, 10, 13, 10]) }) else { return nil }
    let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
    let headers = lines.dropFirst().map { line -> (name: String, value: String) in
      let parts = line.split(separator: ":", maxSplits: 1)
      return (String(parts[0]), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
    }
    let length = isHead ? 0 : headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
    guard buffer.count >= end + 4 + length else { return nil }
    let body = Array(buffer[(end + 4)..<(end + 4 + length)])
    buffer.removeFirst(end + 4 + length)
    return Answer(status: Int(lines.first?.split(separator: " ")[1] ?? "") ?? 0, headers: headers, body: body)
  }
}
