import HTTP
import Server
import Telemetry
import Testing

extension MalformedRequest {
  /// The same request as HTTP/2 would carry it; `nil` where what is wrong lies in lines, versions or chunks, which it does not have.
  var asStream: (fields: [(name: [UInt8], value: [UInt8])], body: [UInt8])? {
    // libnghttp2 takes no field of 64 KiB apart.
    guard status != 411, bytes.count < 60_000, let end = bytes.indices.first(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) }) else {
      return nil
    }
    let lines = Self.lines(Array(bytes[..<end]))
    guard let first = lines.first else { return nil }
    let parts = first.split(separator: 32, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[2].elementsEqual("HTTP/1.1".utf8) else { return nil }
    var fields = [
      (Array(":method".utf8), Array(parts[0])), (Array(":scheme".utf8), Array("http".utf8)), (Array(":path".utf8), Array(parts[1])),
    ]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), ![32, 9].contains(line[0]) else { return nil }
      let value = line[(colon + 1)...].drop { $0 == 32 || $0 == 9 }
      fields.append((line[..<colon].map { 65...90 ~= $0 ? $0 | 32 : $0 }, Array(value)))
    }
    return (fields, Array(bytes[(end + 4)...]))
  }

  private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = [[]]
    var index = 0
    while index < bytes.count {
      if bytes[index] == 13, index + 1 < bytes.count, bytes[index + 1] == 10 {
        lines.append([])
        index += 2
      } else {
        lines[lines.count - 1].append(bytes[index])
        index += 1
      }
    }
    return lines.filter { !$0.isEmpty }
  }
}

@Suite("what is refused in HTTP/1 is refused in HTTP/2")
struct SharedVectorTests {
  static let all = MalformedRequest.all.filter { $0.asStream != nil }

  @Test("with the same status or as malformed, and the connection goes on", arguments: all)
  func refuses(request: MalformedRequest) async throws {
    let (fields, body) = try #require(request.asStream)
    try await Fixture.run { fixture in
      let client = try fixture.frameClient()
      let stream = client.open(blocks: Frame.block(fields), ends: body.isEmpty)
      if !body.isEmpty { client.send(Frame(.data, Frame.endStream, stream: stream, body)) }
      let (ended, ending) = try client.ending()
      #expect(ended == stream)
      switch ending {
      case .answer(let answer):
        #expect(answer.status == request.status)
        #expect(answer["content-type"] == "application/problem+json")
        #expect(answer.body.contains(#""request_id":"\#(answer["x-request-id"] ?? "none")""#))
      case .reset(let code): #expect(code == 1)
      case .goAway: Issue.record("the connection ended")
      }
      #expect(try client.answer(client.get("/healthz")).status == 200)
    }
  }

  @Test("at least a hundred of them can be said in HTTP/2")
  func knowsMany() { #expect(Self.all.count >= 100) }
}
