/// A name that a stranger may have chosen, for a mail of ours: mail programs make links of addresses of any kind, so what ties one
/// together (dots, colons, slashes, `@`) becomes a space. A dot between digits stays, as in a version.
package enum UnlinkedText {
  package static func unlinked(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    var words: [String] = []
    var word = String.UnicodeScalarView()
    for (index, scalar) in scalars.enumerated() {
      if isPart(scalar) || scalar == "." && isDigit(scalars, index - 1) && isDigit(scalars, index + 1) {
        word.append(scalar)
      } else if !word.isEmpty {
        words.append(String(word))
        word = String.UnicodeScalarView()
      }
    }
    if !word.isEmpty { words.append(String(word)) }
    return words.joined(separator: " ")
  }

  private static func isPart(_ scalar: Unicode.Scalar) -> Bool {
    if "-_'’()<>&,#\"".unicodeScalars.contains(scalar) { return true }
    return switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark, .spacingMark,
      .enclosingMark, .decimalNumber, .letterNumber, .otherNumber, .otherSymbol:
      true
    default: false
    }
  }

  private static func isDigit(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
    scalars.indices.contains(index) && ("0"..."9").contains(scalars[index])
  }
}
