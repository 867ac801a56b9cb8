/// One message in one language: a file of four sections, each begun by its name in brackets on a line of its own, in which
/// `{{name}}` stands for a value.
///
///     [subject]
///     Your code for {{product}}
///     [text]
///     …
///     [html]
///     …
///     [sms]
///     …
///
/// Values are escaped as the section asks; there is no way to insert one that is not. A name that the kind of message does not
/// know, a section that is missing or a brace out of place is an error where the file is read, which is when the server starts.
package struct Template: Sendable {
  package struct Flaw: Error, CustomStringConvertible, Equatable {
    package let description: String
  }

  private enum Piece: Sendable {
    case literal(String)
    case value(Placeholder)

    var isCode: Bool { if case .value(.code) = self { true } else { false } }
  }

  private let subject: [Piece]
  private let text: [Piece]
  private let html: [Piece]
  /// `nil` where it is only ever mail.
  private let sms: [Piece]?

  package static let largest = 65_536

  package init(_ source: String, for kind: MessageKind) throws(Flaw) {
    guard source.utf8.count <= Self.largest else { throw Flaw(description: "larger than \(Self.largest) bytes") }
    let sections = try Self.sections(of: source)
    func pieces(_ name: String) throws(Flaw) -> [Piece] {
      guard let section = sections[name] else { throw Flaw(description: "the section [\(name)] is missing") }
      return try Self.pieces(of: section, kind, name)
    }
    subject = try pieces("subject")
    text = try pieces("text")
    html = try pieces("html")
    // What is only told can do with its subject.
    sms = kind == .noticeAddress && sections["sms"] == nil ? subject : kind.mayBeText ? try pieces("sms") : nil
  }

  /// What stands in a message.
  package struct Written: Sendable, Equatable {
    package let subject: PlainText
    package let text: String
    package let html: String
  }

  package func mail(_ values: MessageValues) -> Written {
    Written(
      subject: PlainText(Self.write(subject, values) { $0 }, limit: 200), text: Self.write(text, values) { $0 },
      html: Self.write(html, values, escape: Self.escapedForHTML))
  }

  /// In one line, at most three SMS long. An arrow of ours would halve what fits into each (GSM 03.38).
  package func sms(_ values: MessageValues) -> PlainText? {
    sms.map { PlainText(Self.write($0, values) { $0.replacing("→", with: "->") }, limit: 400) }
  }

  private static func sections(of source: String) throws(Flaw) -> [String: String] {
    var sections: [String: [Substring]] = [:]
    var name: String?
    let lines = source.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    for (index, line) in lines.enumerated() {
      if ["[subject]", "[text]", "[html]", "[sms]"].contains(line) {
        let found = String(line.dropFirst().dropLast())
        guard sections[found] == nil else { throw Flaw(description: "line \(index + 1): the section [\(found)] stands there twice") }
        sections[found] = []
        name = found
      } else if let name {
        sections[name]?.append(line)
      } else if !line.isEmpty {
        throw Flaw(description: "line \(index + 1): text before the first section")
      }
    }
    return sections.mapValues { lines in
      var lines = lines
      while lines.last?.isEmpty == true { lines.removeLast() }
      return lines.joined(separator: "\n")
    }
  }

  private static func pieces(of source: String, _ kind: MessageKind, _ section: String) throws(Flaw) -> [Piece] {
    var pieces: [Piece] = []
    for (index, part) in source.split(separator: "{{", omittingEmptySubsequences: false).enumerated() {
      guard index > 0 else {
        pieces.append(.literal(String(part)))
        continue
      }
      guard let end = part.firstRange(of: "}}") else { throw Flaw(description: "[\(section)]: '{{' without '}}'") }
      let name = String(part[..<end.lowerBound])
      guard let placeholder = Placeholder(rawValue: name), kind.placeholders.contains(placeholder) else {
        let known = kind.placeholders.map(\.rawValue).sorted().joined(separator: ", ")
        throw Flaw(description: "[\(section)]: unknown placeholder {{\(name)}}; known here: \(known)")
      }
      pieces += [.value(placeholder), .literal(String(part[end.upperBound...]))]
    }
    guard !pieces.contains(where: { if case .literal(let text) = $0 { text.contains("}}") } else { false } }) else {
      throw Flaw(description: "[\(section)]: '}}' without '{{'")
    }
    guard section == "subject" || !kind.placeholders.contains(.code) || pieces.contains(where: \.isCode) else {
      throw Flaw(description: "[\(section)]: {{code}} is missing, for which it is sent")
    }
    return pieces
  }

  private static func write(_ pieces: [Piece], _ values: MessageValues, escape: (String) -> String) -> String {
    var text = ""
    for piece in pieces {
      switch piece {
      case .literal(let literal): text += literal
      case .value(let placeholder): text += escape(values[placeholder])
      }
    }
    return text
  }

  static func escapedForHTML(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
