package import Primitives

/// One mail before it is written: the text is given once as text and once as HTML.
package struct MailMessage: Sendable {
  /// Stands in Message-ID, so that the same mail sent twice is the same to whoever sorts them.
  package let id: String
  package let recipient: MailAddress
  package let subject: PlainText
  package let text: String
  package let html: String
  package let date: Instant

  package init(id: String, recipient: MailAddress, subject: PlainText, text: String, html: String, date: Instant) {
    self.id = id
    self.recipient = recipient
    self.subject = subject
    self.text = text
    self.html = html
    self.date = date
  }
}

/// Who mail comes from: `Name <address>` or an address.
package struct MailSenderName: Sendable, Equatable {
  package let name: PlainText
  package let address: MailAddress

  package init?(_ text: String) {
    guard text.hasSuffix(">"), let start = text.lastIndex(of: "<") else {
      guard let address = MailAddress(text) else { return nil }
      self.address = address
      name = PlainText("")
      return
    }
    guard let address = MailAddress(String(text[text.index(after: start)...].dropLast())) else { return nil }
    self.address = address
    let name = text[..<start].split(separator: " ").joined(separator: " ")
    self.name = PlainText(name, limit: 64)
    guard self.name.text == name, !name.isEmpty, !name.contains(where: { "\"\\<>".contains($0) }) else { return nil }
  }
}

/// A mail as it goes over the wire (RFC 5322, RFC 2045): CRLF, ASCII, lines of at most 76 characters, and nothing in it that a
/// request's header said.
enum MailWriter {
  static func bytes(_ message: MailMessage, from sender: MailSenderName) -> [UInt8] {
    let boundary = "=_\(message.id)"
    var text = ""
    func line(_ content: String) { text += content + "\r\n" }
    line("Date: \(message.date.rfc5322)")
    line("From: \(HeaderWords.phrase(sender.name))<\(sender.address)>")
    line("To: <\(message.recipient)>")
    line("Message-ID: <\(message.id)@\(sender.address.domain)>")
    line("Subject: \(HeaderWords.unstructured(message.subject))")
    line("Auto-Submitted: auto-generated")
    line("MIME-Version: 1.0")
    line("Content-Type: multipart/alternative; boundary=\"\(boundary)\"")
    line("")
    for (type, content) in [("plain", message.text), ("html", message.html)] {
      line("--\(boundary)")
      line("Content-Type: text/\(type); charset=utf-8")
      line("Content-Transfer-Encoding: quoted-printable")
      line("")
      line(QuotedPrintable.encode(content))
    }
    line("--\(boundary)--")
    return Array(text.utf8)
  }
}

/// Text in headers (RFC 2047).
enum HeaderWords {
  /// A display name with the space after it; empty for none.
  static func phrase(_ name: PlainText) -> String {
    if name.text.isEmpty { return "" }
    let isPlain = name.text.utf8.allSatisfy { $0 == 32 || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) }
    return (isPlain ? name.text : encoded(name.text)) + " "
  }

  /// A subject: as it is where it is short ASCII that looks like no encoded word.
  static func unstructured(_ text: PlainText) -> String {
    let isPlain = text.text.utf8.count <= 66 && text.text.utf8.allSatisfy { $0 >= 32 && $0 < 127 } && !text.text.contains("=?")
    return isPlain ? text.text : encoded(text.text)
  }

  /// Encoded words of at most 75 characters, no character split, one to a line.
  private static func encoded(_ text: String) -> String {
    var words: [String] = []
    var word: [UInt8] = []
    for scalar in text.unicodeScalars {
      let bytes = Array(String(scalar).utf8)
      if word.count + bytes.count > 45 {
        words.append("=?utf-8?B?\(Base64.encode(word))?=")
        word = []
      }
      word += bytes
    }
    words.append("=?utf-8?B?\(Base64.encode(word))?=")
    return words.joined(separator: "\r\n ")
  }
}

/// RFC 2045, section 6.7.
enum QuotedPrintable {
  static func encode(_ text: String) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(text.utf8.count + text.utf8.count / 8)
    for (index, line) in text.utf8.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
      if index > 0 { out += [13, 10] }
      append(line, to: &out)
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func append(_ line: Substring.UTF8View, to out: inout [UInt8]) {
    var start = out.count
    for index in line.indices {
      let byte = line[index]
      let isPlain = isPlain(byte, isFirst: out.count == start, isLast: line.index(after: index) == line.endIndex)
      if out.count - start + (isPlain ? 1 : 3) > 75 {
        out += [UInt8(ascii: "="), 13, 10]
        start = out.count
      }
      // The first of a continued line may be a dot again.
      if isPlain && self.isPlain(byte, isFirst: out.count == start, isLast: false) {
        out.append(byte)
      } else {
        out.append(UInt8(ascii: "="))
        out += Hex.encode([byte]).uppercased().utf8
      }
    }
  }

  /// A space at the end may be lost on the way; a dot at the beginning means something to SMTP, "From " to mailboxes.
  private static func isPlain(_ byte: UInt8, isFirst: Bool, isLast: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "="): false
    case UInt8(ascii: "."), UInt8(ascii: "F"): !isFirst
    case 32: !isLast
    default: byte > 32 && byte < 127
    }
  }
}

extension Instant {
  /// `Wed, 25 Nov 2026 22:09:00 +0000` (RFC 5322, section 3.3).
  var rfc5322: String {
    let seconds = unixSeconds
    let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
    let date = CivilDate(daysSinceEpoch: days)
    let time = rfc3339().dropFirst(11).prefix(8)
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int((days % 7 + 7) % 7)]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return "\(weekday), \(date.day) \(months[Int(date.month) - 1]) \(date.year) \(time) +0000"
  }
}
