private import CSodium
private import CUTF8Proc
private import Glibc

/// Unicode normalisation on bytes, so that a password never becomes a `String`.
package enum UnicodeForm {
  /// Normalization Form C, for passwords (NIST SP 800-63B-4, section 3.1.1.2). `nil` where the bytes are not UTF-8.
  package static func nfc(_ secret: Secret) -> Secret? {
    secret.withBytes { bytes in
      map(bytes, options: [UTF8PROC_STABLE, UTF8PROC_COMPOSE]) { Secret(copying: $0) }
    }
  }

  /// NFKC_Casefold (Unicode 15, section 5.18), for usernames: two spellings that a person takes for one name become one.
  /// Applied until it no longer changes the text; `nil` where the bytes are not UTF-8.
  package static func nfkcCasefold(_ text: some Collection<UInt8>) -> [UInt8]? {
    var current = Array(text)
    for _ in 0..<4 {
      let folded = current.withUnsafeBytes { bytes in
        map(
          bytes,
          options: [UTF8PROC_STABLE, UTF8PROC_COMPOSE, UTF8PROC_COMPAT, UTF8PROC_CASEFOLD, UTF8PROC_IGNORE]
        ) { Array($0) }
      }
      guard let folded else { return nil }
      if folded == current { return folded }
      current = folded
    }
    return nil
  }

  /// NFKC: what a program that looks for compatible characters takes a text for. `nil` where the bytes are not UTF-8.
  package static func nfkc(_ text: some Collection<UInt8>) -> [UInt8]? {
    Array(text).withUnsafeBytes { map($0, options: [UTF8PROC_STABLE, UTF8PROC_COMPOSE, UTF8PROC_COMPAT]) { Array($0) } }
  }

  /// Code points, which is what a person counts as characters in a password (NIST SP 800-63B-4). `nil` where not UTF-8.
  package static func scalarCount(_ secret: Secret) -> Int? {
    secret.withBytes { bytes in
      var offset = 0
      var count = 0
      while offset < bytes.count {
        var scalar: utf8proc_int32_t = 0
        let pointer = bytes.bindMemory(to: UInt8.self).baseAddress.map { $0 + offset }
        let length = utf8proc_iterate(pointer, bytes.count - offset, &scalar)
        guard length > 0 else { return nil }
        offset += length
        count += 1
      }
      return count
    }
  }

  private static func map<Result>(
    _ bytes: UnsafeRawBufferPointer, options: [utf8proc_option_t], _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result? {
    guard let start = bytes.bindMemory(to: UInt8.self).baseAddress, !bytes.isEmpty else { return body(bytes) }
    var mapped: UnsafeMutablePointer<UInt8>?
    let flags = options.reduce(0) { $0 | $1.rawValue }
    let length = utf8proc_map(start, bytes.count, &mapped, utf8proc_option_t(rawValue: flags))
    guard length >= 0, let mapped else { return nil }
    defer {
      sodium_memzero(mapped, length)
      free(mapped)
    }
    return body(UnsafeRawBufferPointer(start: mapped, count: length))
  }
}
