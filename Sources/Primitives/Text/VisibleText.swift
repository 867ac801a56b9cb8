/// Text that people read in one line, beside text of ours.
package enum VisibleText {
  /// Neither control characters nor line ends of any script, nor what turns the direction of writing or cannot be seen; the two joiners
  /// are letters' business in Persian and in Indian scripts.
  package static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: false
    case .format: scalar == "\u{200C}" || scalar == "\u{200D}"
    default: true
    }
  }

  /// A name of `lengths` characters (Unicode scalars).
  package static func isName(_ text: String, lengths: ClosedRange<Int>) -> Bool {
    lengths.contains(text.unicodeScalars.count) && text.unicodeScalars.allSatisfy(isVisible)
  }
}
