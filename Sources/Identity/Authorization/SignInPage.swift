/// The page where a browser gets a credential, as a rule names it.
package enum SignInPage {
  /// Whether `text` can stand in `Location` and take one more parameter: visible ASCII, http or https, a host, no fragment.
  static func isAddress(_ text: String) -> Bool {
    let bytes = text.utf8
    guard bytes.count <= 1024, bytes.allSatisfy({ 33...126 ~= $0 }), !bytes.contains(UInt8(ascii: "#")) else { return false }
    for scheme in ["https://", "http://"] where text.hasPrefix(scheme) {
      return bytes.dropFirst(scheme.utf8.count).first.map { !"/?:".utf8.contains($0) } ?? false
    }
    return false
  }

  /// The page's address with where the browser wanted to go in `return_to`, every byte of it that could end the parameter encoded.
  /// The page must check `return_to` before it sends anybody there: a client wrote its path.
  package static func location(_ page: String, returnTo scheme: String, _ host: ArraySlice<UInt8>, _ target: ArraySlice<UInt8>) -> String {
    let separator = page.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
    return "\(page)\(separator)return_to=\(encoded(Array("\(scheme)://".utf8) + host + target))"
  }

  private static func encoded(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      switch byte {
      case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): text.append(byte)
      default: text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
