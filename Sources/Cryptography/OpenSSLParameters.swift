internal import COpenSSL

/// A list of named values for OpenSSL (OSSL_PARAM(3)). OpenSSL keeps pointers to names and values, so both live here, in memory
/// that does not move, until the list goes.
final class OpenSSLParameters {
  private var parameters = [OSSL_PARAM_construct_end()]
  private var storage: [UnsafeMutableRawBufferPointer] = []

  deinit { for block in storage { block.deallocate() } }

  func append(_ name: String, text: String) {
    let value = keep(text.utf8CString.map { UInt8(bitPattern: $0) })
    insert(OSSL_PARAM_construct_utf8_string(characters(name), value.assumingMemoryBound(to: CChar.self).baseAddress, 0))
  }

  func append(_ name: String, octets: [UInt8]) {
    let value = keep(octets)
    insert(OSSL_PARAM_construct_octet_string(characters(name), value.baseAddress, value.count))
  }

  /// `bigEndian` as JOSE writes numbers; OpenSSL takes them in the machine's order, which here is little-endian.
  func append(_ name: String, bigEndian: [UInt8]) {
    let value = keep(bigEndian.reversed())
    insert(OSSL_PARAM_construct_BN(characters(name), value.assumingMemoryBound(to: UInt8.self).baseAddress, value.count))
  }

  func withList<Result>(_ body: (UnsafeMutablePointer<OSSL_PARAM>?) -> Result) -> Result {
    parameters.withUnsafeMutableBufferPointer { body($0.baseAddress) }
  }

  private func insert(_ parameter: OSSL_PARAM) { parameters.insert(parameter, at: parameters.count - 1) }

  private func characters(_ name: String) -> UnsafeMutablePointer<CChar>? {
    keep(name.utf8CString.map { UInt8(bitPattern: $0) }).assumingMemoryBound(to: CChar.self).baseAddress
  }

  private func keep(_ bytes: [UInt8]) -> UnsafeMutableRawBufferPointer {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 16)
    block.copyBytes(from: bytes)
    storage.append(block)
    return UnsafeMutableRawBufferPointer(rebasing: block[0..<bytes.count])
  }
}
