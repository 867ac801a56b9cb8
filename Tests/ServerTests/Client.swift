import Glibc
import Primitives
import Transport

/// A blocking client on a real socket that sends bytes as they are and reads answers, with a deadline on every read.
final class Client {
  let descriptor: Int32
  private var buffer: [UInt8] = []

  init(_ address: ListenAddress, receiveBuffer: Int32? = nil) throws {
    guard case .internet(_, let port) = address else { throw ClientError.refused(0) }
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    if var size = receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size)) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard status == 0 else { throw ClientError.refused(errno) }
    var timeout = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// `false` where the server has closed.
  @discardableResult func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count <= 0 { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  @discardableResult func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Cuts the connection with a reset, as a client that is killed does.
  func reset() {
    var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    // The number stays ours until `deinit` closes it.
    let nothing = open("/dev/null", O_RDWR)
    dup2(nothing, descriptor)
    close(nothing)
  }

  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// The next answer. `head`: an answer to HEAD, which has no body.
  func answer(toHead: Bool = false) throws -> Answer {
    while true {
      if let answer = Answer.take(&buffer, isHead: toHead) { return answer }
      guard try fill() else { throw ClientError.closed(String(decoding: buffer, as: UTF8.self)) }
    }
  }

  /// The next so many bytes.
  func bytes(_ count: Int) throws -> [UInt8] {
    while buffer.count < count {
      guard try fill() else { throw ClientError.closed(String(decoding: buffer, as: UTF8.self)) }
    }
    defer { buffer.removeFirst(count) }
    return Array(buffer[..<count])
  }

  /// What comes until the server closes.
  func rest() throws -> String {
    while try fill() {}
    defer { buffer = [] }
    return String(decoding: buffer, as: UTF8.self)
  }

  /// Whether the server has closed, with nothing more said.
  func isAtEnd() throws -> Bool { try buffer.isEmpty && !fill() }

  private func fill() throws -> Bool {
    var chunk = [UInt8](repeating: 0, count: 16_384)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    if count < 0, errno == ECONNRESET { return false }
    guard count >= 0 else { throw ClientError.silent(String(decoding: buffer, as: UTF8.self)) }
    buffer += chunk[..<count]
    return count > 0
  }
}

enum ClientError: Error {
  case refused(Int32), closed(String), silent(String)
}

/// One parsed answer.
struct Answer {
  let status: Int
  let headers: [(name: String, value: String)]
  let body: String

  subscript(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }

  static func take(_ buffer: inout [UInt8], isHead: Bool) -> Answer? {
    guard let end = buffer.indices.first(where: { buffer[$0...].starts(with: [13, 10, 13, 10]) }) else { return nil }
    let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
    let headers = lines.dropFirst().map { line -> (name: String, value: String) in
      let parts = line.split(separator: ":", maxSplits: 1)
      return (String(parts[0]), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
    }
    let length = isHead ? 0 : headers.first { $0.name == "Content-Length" }.flatMap { Int($0.value) } ?? 0
    guard buffer.count >= end + 4 + length else { return nil }
    let body = String(decoding: buffer[(end + 4)..<(end + 4 + length)], as: UTF8.self)
    buffer.removeFirst(end + 4 + length)
    return Answer(status: Int(lines.first?.split(separator: " ")[1] ?? "") ?? 0, headers: headers, body: body)
  }
}
