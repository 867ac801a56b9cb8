import COpenSSL
import Glibc
import Transport

/// A client over TLS whose bytes on the wire can be cut as a test likes.
final class SecureClient {
  private let wire: Client
  private let connection: OpaquePointer
  private let incoming: OpaquePointer?
  private let outgoing: OpaquePointer?
  /// Bytes to a call of send(2).
  private let chunk: Int
  private var plain: [UInt8] = []

  init(_ address: ListenAddress, chunk: Int = .max, receiveBuffer: Int32? = nil) throws {
    wire = try Client(address, receiveBuffer: receiveBuffer)
    self.chunk = chunk
    let context = SSL_CTX_new(TLS_client_method())
    defer { SSL_CTX_free(context) }
    guard let made = SSL_new(context) else { throw TestAuthority.Failure(what: "no TLS") }
    connection = made
    incoming = BIO_new(BIO_s_mem())
    outgoing = BIO_new(BIO_s_mem())
    SSL_set_bio(connection, incoming, outgoing)
    SSL_set_connect_state(connection)
    while true {
      let result = SSL_do_handshake(connection)
      try flush()
      if result == 1 { break }
      guard SSL_get_error(connection, result) == SSL_ERROR_WANT_READ, try fill() else {
        throw TestAuthority.Failure(what: "the handshake failed")
      }
    }
  }

  deinit { SSL_free(connection) }

  func send(_ text: String) throws {
    let bytes = Array(text.utf8)
    guard SSL_write(connection, bytes, Int32(bytes.count)) == bytes.count else { throw TestAuthority.Failure(what: "write") }
    try flush()
  }

  /// Asks for new keys in both directions, so that the server has to answer.
  func updateKeys() throws {
    guard SSL_key_update(connection, SSL_KEY_UPDATE_REQUESTED) == 1, SSL_do_handshake(connection) == 1 else {
      throw TestAuthority.Failure(what: "key update")
    }
    try flush()
  }

  func answer() throws -> Answer {
    while true {
      if let answer = Answer.take(&plain, isHead: false) { return answer }
      guard try read() else { throw ClientError.closed(String(decoding: plain, as: UTF8.self)) }
    }
  }

  /// Whether the server has said close_notify, with nothing more before it.
  func isClosedInOrder() throws -> Bool {
    while try read() {}
    return plain.isEmpty && SSL_get_shutdown(connection) & SSL_RECEIVED_SHUTDOWN != 0
  }

  func reset() { wire.reset() }

  private func read() throws -> Bool {
    var bytes = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = SSL_read(connection, &bytes, Int32(bytes.count))
      if count > 0 {
        plain += bytes[..<Int(count)]
        return true
      }
      guard SSL_get_error(connection, count) == SSL_ERROR_WANT_READ, try fill() else { return false }
    }
  }

  private func flush() throws {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    while case let count = BIO_read(outgoing, &bytes, Int32(bytes.count)), count > 0 {
      var rest = bytes[..<Int(count)]
      while !rest.isEmpty {
        wire.send(Array(rest.prefix(chunk)))
        rest = rest.dropFirst(chunk)
      }
    }
  }

  private func fill() throws -> Bool {
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = recv(wire.descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return false }
    return BIO_write(incoming, bytes, Int32(count)) == count
  }
}
