internal import API

/// A QR code as lines for a terminal: two modules to a character, by half blocks.
///
/// The colours are set, not assumed: dark on light, with a quiet zone, so that it scans on a dark terminal and on a light one.
extension QRCode {
  /// `nil` where `text` is too long for a code.
  static func lines(for text: String) -> [String]? {
    guard let code = QRCode(text) else { return nil }
    let zone = -quietZone..<code.width + quietZone
    return stride(from: zone.lowerBound, to: zone.upperBound, by: 2).map { row in
      let cells = zone.map { column in
        switch (code.isDark(row, column), code.isDark(row + 1, column)) {
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
