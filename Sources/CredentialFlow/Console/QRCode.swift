private import CQREncode

/// A QR code (ISO/IEC 18004) as lines for a terminal: two modules to a character, by half blocks.
///
/// The colours are set, not assumed: dark on light, with a quiet zone of four modules, so that it scans on a dark terminal and
/// on a light one.
enum QRCode {
  private static let quietZone = 4

  /// `nil` where `text` is too long for a code (about 2,300 bytes).
  static func lines(for text: String) -> [String]? {
    guard let code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M) else { return nil }
    defer { QRcode_free(code) }
    let width = Int(code.pointee.width)
    guard let modules = code.pointee.data else { return nil }
    let isDark = { (row: Int, column: Int) in
      (0..<width).contains(row) && (0..<width).contains(column) && modules[row * width + column] & 1 == 1
    }
    return stride(from: -quietZone, to: width + quietZone, by: 2).map { row in
      let cells = (-quietZone..<width + quietZone).map { column in
        switch (isDark(row, column), isDark(row + 1, column)) {
        case (true, true): "█"
        case (true, false): "▀"
        case (false, true): "▄"
        case (false, false): " "
        }
      }
      // Black on white by their exact colours: palettes make "white" grey.
      return "\u{1B}[38;5;16;48;5;231m" + cells.joined() + "\u{1B}[0m"
    }
  }
}
