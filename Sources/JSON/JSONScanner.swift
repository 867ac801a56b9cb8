/// Walks a whole text once before it is given to libjansson: checks it, its depth included, and knows where it stands, so that an
/// error can name pointer, line and column.
struct JSONScanner {
  private var cursor: JSONCursor
  private var path: [Step] = []

  private enum Step {
    case member(String)
    case element(Int)
  }

  static func check(_ bytes: [UInt8]) throws(JSONError) {
    var scanner = JSONScanner(cursor: JSONCursor(bytes))
    do {
      try scanner.value()
      try scanner.cursor.finish()
    } catch {
      throw JSONError(
        pointer: scanner.pointer(to: error.member), detail: error.detail, position: JSONPosition(offset: error.offset, in: bytes))
    }
  }

  private mutating func value() throws(JSONFlaw) {
    switch try cursor.kind() {
    case .object:
      try cursor.enterObject()
      while let name = try cursor.nextName() {
        path.append(.member(name))
        try value()
        path.removeLast()
      }
    case .array:
      try cursor.enterArray()
      var index = 0
      while try cursor.nextElement() {
        path.append(.element(index))
        try value()
        path.removeLast()
        index += 1
      }
    default: try cursor.scalar()
    }
  }

  private func pointer(to member: String?) -> String {
    var pointer = path.reduce(JSONPointer()) { pointer, step in
      switch step {
      case .member(let name): pointer.appending(name)
      case .element(let index): pointer.appending(String(index))
      }
    }
    if let member { pointer = pointer.appending(member) }
    return pointer.text
  }
}
