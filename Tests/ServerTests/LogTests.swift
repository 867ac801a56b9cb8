import Dispatch
import Primitives
import Synchronization
import Telemetry
import Testing

@Suite("the log")
struct LogTests {
  @Test("writes one JSON object a line, with control characters escaped")
  func escapes() {
    let recorder = LogRecorder()
    let lines = Mutex<[UInt8]>([])
    let log = Log(now: .fixed(at: Instant(microseconds: 1_000_001))) { bytes in lines.withLock { $0 += bytes } }
    log.info("a", ("b", .string("x\"\\\n\u{1b}[31m\u{7f}\u{202e}ä")), ("c", .integer(-12)), ("d", .boolean(true)), ("e", .number(.nan)))
    log.flush()
    let expected =
      #"{"ts":"1970-01-01T00:00:01.000001Z","level":"info","event":"a","#
      + #""b":"x\"\\\u000a\u001b[31m\u007f\u202eä","c":-12,"d":true,"e":null}"#
    #expect(lines.withLock { String(decoding: $0, as: UTF8.self) } == expected + "\n")
    #expect(recorder.lines.isEmpty)
  }

  @Test("every byte that could end a line, or a string, or drive a terminal, is escaped among plain ones too")
  func escapesEach() {
    for byte in Array(0...31) + [34, 92, 127] as [UInt8] {
      var line = LogLines()
      line.line(.info, "a", at: Instant(microseconds: 0)) { $0.field("b", utf8: [120, byte, 121]) }
      let written = String(decoding: line.bytes, as: UTF8.self)
      let escape =
        byte == 34 || byte == 92 ? "\\" + String(UnicodeScalar(byte)) : "\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      #expect(written.hasSuffix(#""b":"x"# + escape + #"y"}"# + "\n"), "\(byte): \(written)")
    }
  }

  @Test("does not make its callers wait for a sink that hangs: what does not fit is dropped and counted")
  func dropsAndSays() {
    let isOpen = DispatchSemaphore(value: 0)
    let text = Mutex("")
    let log = Log { bytes in
      isOpen.wait()
      isOpen.signal()
      text.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
    }
    let filler = String(repeating: "x", count: 1000)
    log.error("first")
    for _ in 0..<5000 { log.info("filler", ("x", .string(filler))) }
    isOpen.signal()
    log.flush()
    let lines = text.withLock { $0.split(separator: "\n") }
    let notes = lines.filter { $0.contains("log_dropped") }
    let dropped = notes.compactMap { note in note.split(separator: ":").last.flatMap { Int($0.dropLast()) } }.reduce(0, +)
    #expect(lines.count { $0.contains(#""event":"filler""#) } + dropped == 5000)
    #expect(dropped > 1000)
  }
}
