private import CQREncode

/// A QR code (ISO/IEC 18004): a square of modules, with a quiet zone of four around it wherever it is drawn.
package struct QRCode: Sendable {
  package static let quietZone = 4

  /// Modules to a side, without the quiet zone.
  package let width: Int
  private let modules: [Bool]

  /// `nil` where `text` is too long for a code (about 2,300 bytes).
  package init?(_ text: String) {
    guard let code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M) else { return nil }
    defer { QRcode_free(code) }
    let width = Int(code.pointee.width)
    guard let data = code.pointee.data else { return nil }
    self.width = width
    modules = (0..<width * width).map { data[$0] & 1 == 1 }
  }

  /// False outside the square.
  package func isDark(_ row: Int, _ column: Int) -> Bool {
    (0..<width).contains(row) && (0..<width).contains(column) && modules[row * width + column]
  }

  /// As a picture (SVG 1.1), dark on white, a module to a unit: one path of runs.
  package var svg: String {
    let side = width + 2 * Self.quietZone
    var path = ""
    for row in 0..<width {
      var column = 0
      while column < width {
        let start = column
        while isDark(row, column) { column += 1 }
        if column > start { path += "M\(start + Self.quietZone) \(row + Self.quietZone)h\(column - start)v1h-\(column - start)z" }
        column += 1
      }
    }
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(side) \(side)\" shape-rendering=\"crispEdges\">"
      + "<path fill=\"#fff\" d=\"M0 0h\(side)v\(side)H0z\"/><path d=\"\(path)\"/></svg>"
  }
}
