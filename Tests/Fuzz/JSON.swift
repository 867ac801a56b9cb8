import CJansson
import JSON

/// Our grammar and libjansson's must agree on every text: a difference would let two parts of the server read two documents in the
/// same bytes. What is taken is read again from libjansson's own writing of it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let isGrammatical = isTakenByCursor(bytes)
  do {
    let value = try JSONValue(parsing: bytes)
    precondition(isGrammatical, "the tree takes what the cursor refuses")
    walk(value)
    let dump = value.dump
    guard let again = try? JSONValue(parsing: dump) else { preconditionFailure("what was taken is not read again") }
    precondition(again.dump == dump, "what was taken reads differently the second time")
  } catch {
    precondition(!isGrammatical, "the cursor takes what the tree refuses: \(error)")
    // libjansson goes deeper, and overlooks a NUL byte between tokens.
    let isOurRule = error.detail.hasPrefix("more than") || bytes.contains(0)
    precondition(isOurRule || !isTakenByJansson(bytes), "refused without a reason: \(error)")
    guard let position = error.position else { preconditionFailure("a refusal without position") }
    precondition(position.offset <= bytes.count && position.line >= 1 && position.column >= 1, "\(position)")
    precondition(error.pointer.isEmpty || error.pointer.utf8.first == UInt8(ascii: "/"), error.pointer)
  }
  return 0
}

private func isTakenByCursor(_ bytes: [UInt8]) -> Bool {
  var cursor = JSONCursor(bytes)
  do {
    try cursor.skip()
    try cursor.finish()
    return true
  } catch {
    precondition(error.offset <= bytes.count, "\(error)")
    return false
  }
}

private func isTakenByJansson(_ bytes: [UInt8]) -> Bool {
  var fault = json_error_t()
  let parsed = bytes.withUnsafeBytes { json_loadb($0.baseAddress, $0.count, Int(JSON_REJECT_DUPLICATES | JSON_DECODE_ANY), &fault) }
  guard let parsed else { return false }
  json_decref(parsed)
  return true
}

/// Touches every value in every way.
private func walk(_ value: JSONValue) {
  _ = (value.string, value.secret, value.integer, value.real, value.boolean)
  for element in value.elements ?? [] { walk(element) }
  for (name, member) in value.members ?? [] {
    precondition(value[name]?.kind == member.kind, "a member is not found under its own name")
    walk(member)
  }
}
