private import Glibc
package import JSON

/// Test vectors that other people made, read from `shared/vectors` beside the checkout or in `/work`. They are not part of this
/// project: a test that wants them is skipped where the folder is absent.
package enum OutsideVectors {
  package static let arePresent = folder != nil

  /// Why tests were skipped.
  package static let absence: String = "shared/vectors is neither beside the checkout nor in /work"

  /// The file `name`; throws where it is not JSON.
  package static func load(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: read((folder ?? "") + "/" + name))
  }

  private static let folder: String? = {
    let checkout = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return ["/\(checkout)/../shared/vectors", "/work/shared/vectors"].first { access($0, R_OK) == 0 }
  }()

  private static func read(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: chunk[..<count])
    }
  }
}
