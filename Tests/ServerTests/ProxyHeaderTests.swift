import Primitives
import Testing
import Transport

@Suite("the PROXY protocol's header")
struct ProxyHeaderTests {
  private static func read(_ bytes: some Collection<UInt8>) -> ProxyHeader.Reading {
    Array(bytes).withUnsafeBytes { ProxyHeader.read($0) }
  }

  private static func meaning(_ reading: ProxyHeader.Reading) -> String {
    switch reading {
    case .incomplete: "incomplete"
    case .malformed: "malformed"
    case .complete(let header): header.source?.description ?? "peer"
    }
  }

  @Test("says of each beginning what the specification does, whole and cut at every byte", arguments: AnnouncedConnection.all)
  func vectors(_ sent: AnnouncedConnection) {
    let whole = Self.read(sent.bytes)
    #expect(Self.meaning(whole) == sent.meaning)
    for length in 0..<sent.bytes.count {
      let part = Self.read(sent.bytes[..<length])
      #expect(part == .incomplete || part == whole, "\(length) bytes: \(part)")
    }
    guard case .complete(let header) = whole else { return }
    #expect(header.length == sent.bytes.count)
    // What follows is the client's, whatever it looks like.
    for tail in [Array("GET / HTTP/1.1\r\n".utf8), sent.bytes, [0], [13, 10], [UInt8](repeating: 255, count: 3_000)] {
      #expect(Self.read(sent.bytes + tail) == whole)
    }
    for length in header.length - 1..<header.length { #expect(Self.read(sent.bytes[..<length]) == .incomplete) }
  }

  @Test("knows enough beginnings of every kind")
  func knowsMany() {
    let kinds = Dictionary(grouping: AnnouncedConnection.all, by: \.meaning).mapValues(\.count)
    #expect(kinds["malformed", default: 0] >= 60 && kinds["incomplete", default: 0] >= 10 && kinds["peer", default: 0] >= 8)
  }

  @Test("the client's port comes with the address")
  func port() {
    guard case .complete(let text) = Self.read(Array("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n".utf8)) else {
      Issue.record("not read")
      return
    }
    #expect(text.source == .internet(IPAddress(v4: 0xC000_0201), port: 56324))
  }

  @Test("of a good header, every byte that is changed is noticed or changes only what is said, never how long it is")
  func flipped() {
    for sent in AnnouncedConnection.all {
      guard case .complete(let header) = Self.read(sent.bytes), sent.bytes.count < 200 else { continue }
      // The end of a line and the length of version 2 say how long it is.
      let isText = sent.bytes.starts(with: "PROXY".utf8)
      for index in sent.bytes.indices where isText ? index < sent.bytes.count - 2 : !(14...15).contains(index) {
        for bit in 0..<8 {
          var bytes = sent.bytes
          bytes[index] ^= 1 << UInt8(bit)
          guard case .complete(let other) = Self.read(bytes) else { continue }
          #expect(other.length == header.length || isText && bytes[index] == 10, "\(sent.title) byte \(index) bit \(bit)")
        }
      }
    }
  }
}
