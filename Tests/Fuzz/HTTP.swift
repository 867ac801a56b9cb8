import HTTP

/// Feeds the bytes whole, then cut in two ways, and stops when the three readings differ: a parser that sees different requests in
/// the same bytes is how requests are smuggled.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let whole = read(bytes, cut: max(1, bytes.count))
  let single = read(bytes, cut: 1)
  let odd = read(bytes, cut: 7)
  precondition(whole == single, "byte by byte: \(single) whole: \(whole)")
  precondition(whole == odd, "by sevens: \(odd) whole: \(whole)")
  return 0
}

/// What was read, in words.
private func read(_ bytes: [UInt8], cut: Int) -> [String] {
  var parser = RequestParser()
  var events: [String] = []
  var start = 0
  while start < bytes.count {
    let part = Array(bytes[start..<min(bytes.count, start + cut)])
    start += part.count
    var position = 0
    do throws(RequestError) {
      reading: while true {
        switch try parser.next(part.span, from: &position) {
        case .needsMoreBytes:
          precondition(position == part.count, "bytes left over")
          break reading
        case .head(let head):
          events.append(
            "\(head.method?.rawValue ?? "?") \(head.path) \(head.query ?? "-") \(head.framing) \(head.isPersistent) \(head.headers.fields)")
          try parser.accept(bodyLimit: 4096)
        case .body(let body): events.append("body \(body)")
        }
      }
    } catch {
      events.append("\(error) \(error.problem.status.rawValue)")
      return events
    }
  }
  return events
}
