import Primitives
import Testing

@testable import Delivery

@Suite("Mails as bytes")
struct MailWriterTests {
  private let sender = MailSenderName("Example <noreply@example.com>")

  private func written(subject: String = "Your code", text: String = "Hello", html: String = "<p>Hello</p>") throws -> String {
    let message = MailMessage(
      id: "0193", recipient: try #require(MailAddress("ann@example.net")), subject: PlainText(subject), text: text, html: html,
      date: Instant(unixSeconds: 1_800_000_015))
    return String(decoding: MailWriter.bytes(message, from: try #require(sender)), as: UTF8.self)
  }

  @Test("the headers say who, whom, when and that a machine wrote it")
  func headers() throws {
    let head = try #require(try written().components(separatedBy: "\r\n\r\n").first)
    #expect(
      head == """
        Date: Fri, 15 Jan 2027 08:00:15 +0000\r
        From: Example <noreply@example.com>\r
        To: <ann@example.net>\r
        Message-ID: <0193@example.com>\r
        Subject: Your code\r
        Auto-Submitted: auto-generated\r
        MIME-Version: 1.0\r
        Content-Type: multipart/alternative; boundary="=_0193"
        """)
  }

  @Test(
    "no text begins a header or a line of its own",
    arguments: ["\r\nBcc: eve@example.com", "\n.\r\nMAIL FROM:<eve@x>", "\u{2028}X", "\u{85}X: y"])
  func injection(text: String) throws {
    let head = try #require(try written(subject: "Code \(text)").components(separatedBy: "\r\n\r\n").first)
    #expect(head.components(separatedBy: "\r\n").filter { !$0.hasPrefix(" ") }.count == 8)
    #expect(!head.contains("\r\nBcc"))
    #expect(!head.contains("\r\n."))
  }

  @Test("a subject of any script is encoded words of at most 75 characters that split no character")
  func encodedSubject() throws {
    let subject = String(repeating: "Übergrößenträger 😀 ", count: 8)
    let head = try #require(try written(subject: subject).components(separatedBy: "\r\nAuto").first)
    let words = head.components(separatedBy: "Subject: ")[1].components(separatedBy: "\r\n ")
    var bytes: [UInt8] = []
    for word in words {
      #expect(word.utf8.count <= 75)
      let inner = try #require(Base64.decode(Array(word.dropFirst(10).dropLast(2).utf8)))
      #expect(String(validating: inner, as: UTF8.self) != nil)
      bytes += inner
    }
    #expect(String(decoding: bytes, as: UTF8.self) == subject)
  }

  @Test("a body is ASCII in lines of at most 76 characters, and comes out as it went in")
  func quotedPrintable() {
    let text =
      "Grüße = 100 %\n.\nFrom here\ntrailing \n\n" + String(repeating: "a.b ", count: 60) + "\n" + String(repeating: "é", count: 60)
    let encoded = QuotedPrintable.encode(text)
    #expect(encoded.utf8.allSatisfy { $0 < 127 })
    for line in encoded.components(separatedBy: "\r\n") {
      #expect(line.utf8.count <= 76)
      #expect(!line.hasPrefix(".") && !line.hasPrefix("F") && !line.hasSuffix(" "))
    }
    #expect(decoded(encoded) == text)
  }

  /// RFC 2045, section 6.7, read by the test.
  private func decoded(_ encoded: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(encoded.replacing("=\r\n", with: "").utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "=") {
        bytes += Hex.decode(rest.prefix(2)) ?? []
        rest = rest.dropFirst(2)
      } else if byte != 13 {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("who mail comes from is an address, or a name and an address")
  func senders() {
    #expect(MailSenderName("noreply@example.com")?.name.text == "")
    #expect(MailSenderName("Example GmbH <noreply@example.com>")?.name.text == "Example GmbH")
    for bad in ["", "Example", "Example <noreply>", "a\"b <x@example.com>", "a <b@example.com> <c@example.com>", "a\r\nb <x@example.com>"] {
      #expect(MailSenderName(bad) == nil, "\(bad)")
    }
  }
}

extension String {
  fileprivate func components(separatedBy separator: String) -> [String] {
    var parts: [String] = []
    var rest = utf8[...]
    let mark = Array(separator.utf8)
    var start = rest.startIndex
    while !rest.isEmpty {
      if rest.starts(with: mark) {
        parts.append(String(decoding: utf8[start..<rest.startIndex], as: UTF8.self))
        rest = rest.dropFirst(mark.count)
        start = rest.startIndex
      } else {
        rest = rest.dropFirst()
      }
    }
    return parts + [String(decoding: utf8[start...], as: UTF8.self)]
  }
}
