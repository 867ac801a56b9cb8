internal import Primitives

/// Text in one line: without control characters, line ends of any script, or characters that turn the direction of writing; what
/// stands in a header, a subject or a message came from here, so nothing that a user chose can begin a new header or line.
package struct PlainText: Sendable, Equatable {
  package let text: String

  /// Replaces each such character by a space, and cuts to `limit` characters.
  package init(_ text: String, limit: Int = 500) {
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(limit) { scalars.append(VisibleText.isVisible(scalar) ? scalar : " ") }
    self.text = String(scalars)
  }
}
