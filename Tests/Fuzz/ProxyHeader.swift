import Transport

/// What is read of a beginning must stay true of everything longer: whoever reads it in pieces sees what is seen at once.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeRawBufferPointer(start: start, count: min(count, ProxyHeader.mostBytes + 64))
  let whole = ProxyHeader.read(bytes)
  if case .complete(let header) = whole {
    precondition((1...ProxyHeader.mostBytes).contains(header.length) && header.length <= bytes.count, "length \(header.length)")
  }
  precondition(bytes.count < ProxyHeader.mostBytes || whole != .incomplete, "no end to it")
  for length in 0..<bytes.count {
    let part = ProxyHeader.read(UnsafeRawBufferPointer(rebasing: bytes[..<length]))
    precondition(part == .incomplete || part == whole, "\(length): \(part) whole: \(whole)")
    if case .complete(let header) = part { precondition(header.length <= length, "read ahead") }
  }
  return 0
}
