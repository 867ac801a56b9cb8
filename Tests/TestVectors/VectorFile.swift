private import FoundationEssentials

/// A file of `Tests/Vectors` with a kind, a title and bytes in each line.
package enum VectorFile {
  package static func lines(_ name: String) -> [(kind: String, title: String, bytes: [UInt8])] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Vectors/\(name)")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
      let parts = line.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return nil }
      return (String(parts[0]), String(parts[1]), expand(Array(parts[2].utf8)))
    }
  }

  /// `\r`, `\n`, `\t`, `\xHH` and `{text*N}`. A brace that opens no repetition stands for itself.
  private static func expand(_ text: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    var index = 0
    while index < text.count {
      let byte = text[index]
      if byte == UInt8(ascii: "\\"), index + 1 < text.count {
        let (value, length) = escape(text[(index + 1)...])
        bytes.append(value)
        index += length + 1
      } else if byte == UInt8(ascii: "{"), let (unit, count, length) = repetition(text[(index + 1)...]) {
        for _ in 0..<count { bytes += expand(unit) }
        index += length + 1
      } else {
        bytes.append(byte)
        index += 1
      }
    }
    return bytes
  }

  private static func escape(_ text: ArraySlice<UInt8>) -> (UInt8, Int) {
    switch text.first {
    case UInt8(ascii: "r"): return (13, 1)
    case UInt8(ascii: "n"): return (10, 1)
    case UInt8(ascii: "t"): return (9, 1)
    default: return (UInt8(String(decoding: text.dropFirst().prefix(2), as: UTF8.self), radix: 16) ?? 0, 3)
    }
  }

  private static func repetition(_ text: ArraySlice<UInt8>) -> ([UInt8], Int, Int)? {
    guard let end = text.firstIndex(of: UInt8(ascii: "}")), let star = text[..<end].lastIndex(of: UInt8(ascii: "*")) else { return nil }
    guard let count = Int(String(decoding: text[(star + 1)..<end], as: UTF8.self)) else { return nil }
    return (Array(text[..<star]), count, end - text.startIndex + 1)
  }
}
