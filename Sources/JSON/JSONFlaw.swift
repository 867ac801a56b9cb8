/// What the grammar finds wrong, and at which byte. `JSONScanner` turns it into a `JSONError` with pointer and position.
package struct JSONFlaw: Error, Equatable {
  package let offset: Int
  package let detail: String
  /// The name of the member that is at fault, where it is not yet part of the path: a second member of the same name.
  let member: String?

  init(offset: Int, detail: String, member: String? = nil) {
    self.offset = offset
    self.detail = detail
    self.member = member
  }
}
