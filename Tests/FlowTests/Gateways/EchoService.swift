import Dispatch
import Glibc

/// The service behind a gateway: answers every request with the head that reached it.
final class EchoService: Sendable {
  /// On every answer, and on nobody else's.
  static let mark = "X-Echo"

  let port: UInt16
  private let listener: Int32

  init() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard let port = FreePort.bind(listener, to: 0), listen(listener, 64) == 0 else {
      throw World.Unexpected(what: "no listener: \(errno)")
    }
    self.listener = listener
    self.port = port
    DispatchQueue(label: "echo").async { Self.serve(listener) }
  }

  /// Ends the loop that accepts.
  func close() { shutdown(listener, Int32(SHUT_RDWR)) }

  private static func serve(_ listener: Int32) {
    while true {
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { break }
      var timeout = timeval(tv_sec: 5, tv_usec: 0)
      setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
      if let head = head(connection) { answer(connection, head) }
      Glibc.close(connection)
    }
    Glibc.close(listener)
  }

  /// The request's head, once its body has come too: a close before that would reset the connection.
  private static func head(_ connection: Int32) -> [UInt8]? {
    var received: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(connection, &chunk, chunk.count, 0)
      guard count > 0 else { return nil }
      received += chunk[..<count]
      guard let end = received.indices.first(where: { received[$0...].starts(with: [13, 10, 13, 10]) }) else { continue }
      let head = EchoedRequest(String(decoding: received[..<end], as: UTF8.self))
      let length = head["content-length"].first.flatMap { Int($0) } ?? 0
      if received.count >= end + 4 + length { return Array(received[..<end]) }
    }
  }

  private static func answer(_ connection: Int32, _ head: [UInt8]) {
    let fields = "HTTP/1.1 200 OK\r\nContent-Length: \(head.count)\r\n\(mark): yes\r\nConnection: close\r\n\r\n"
    let bytes = Array(fields.utf8) + head
    _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
  }
}

/// A request as the service got it.
struct EchoedRequest {
  let line: String
  private let fields: [(name: String, value: String)]

  init(_ head: String) {
    let lines = head.split(separator: "\r\n")
    line = lines.first.map(String.init) ?? ""
    fields = lines.dropFirst().map { line in
      let parts = line.split(separator: ":", maxSplits: 1)
      let value = parts.count > 1 ? parts[1].drop { $0 == " " } : ""
      return (parts[0].lowercased(), String(value))
    }
  }

  /// All values under this name; `_` counts as `-`, as it does to services that read headers as variables.
  subscript(_ name: String) -> [String] {
    fields.filter { $0.name.replacing("_", with: "-") == name.lowercased() }.map(\.value)
  }

  /// What the service believes of the ten: sent once, or nothing.
  func identity() throws -> [String: String] {
    var found: [String: String] = [:]
    for name in Answer.identityNames {
      let values = self[name]
      guard values.count <= 1 else { throw World.Unexpected(what: "\(name): \(values)") }
      found[String(name.dropFirst(7))] = values.first ?? ""
    }
    return found
  }
}

/// Ports of this computer.
enum FreePort {
  /// Binds to 127.0.0.1 and says which port it is.
  static func bind(_ descriptor: Int32, to port: UInt16) -> UInt16? {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard Glibc.bind(descriptor, address, size) == 0, getsockname(descriptor, address, &size) == 0 else { return nil }
        return UInt16(bigEndian: UnsafeRawPointer(address).loadUnaligned(fromByteOffset: 2, as: UInt16.self))
      }
    }
  }

  /// One that nobody listens on. Below those that the system gives away by itself, so that no test with port 0 comes by it.
  static func find() -> UInt16? {
    for _ in 0..<100 {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
      defer { close(descriptor) }
      if let port = bind(descriptor, to: UInt16.random(in: 20_000..<32_000)) { return port }
    }
    return nil
  }
}
