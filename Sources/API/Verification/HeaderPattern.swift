private import CPCRE2

/// A regular expression of the configuration that a whole header must match, compiled once by PCRE2.
///
/// A match may backtrack only so far: what a stranger sends never holds a loop for long, whatever the pattern. Who runs into a
/// bound has not matched.
///
/// `@unchecked Sendable`: code and limits are written only before `init` returns, PCRE2 only reads them while it matches, and
/// what a match writes belongs to that call.
final class HeaderPattern: @unchecked Sendable {
  struct Invalid: Error, Equatable {
    /// PCRE2's own words.
    let reason: String
    /// Bytes from the pattern's beginning.
    let offset: Int
  }

  /// Bytes of a value; a longer one does not match.
  static let longestValue = 256
  /// Steps of one match: about ten for each byte of the longest value, and far less than a millisecond in all.
  private static let matchLimit: UInt32 = 4_000
  /// Points to come back to that a match may hold at once.
  private static let depthLimit: UInt32 = 2_000
  /// KiB of memory for them.
  private static let heapLimit: UInt32 = 512

  private let code: OpaquePointer
  private let limits: OpaquePointer

  init(_ pattern: String) throws(Invalid) {
    var status: Int32 = 0
    var offset = 0
    let bytes = Array(pattern.utf8)
    // A value is a `String`, always valid UTF-8: `.` is a character, and \C, which would split one, is refused.
    let options = UInt32(PCRE2_ANCHORED) | UInt32(PCRE2_ENDANCHORED) | UInt32(PCRE2_UTF) | UInt32(PCRE2_NEVER_BACKSLASH_C)
    guard let code = pcre2_compile_8(bytes, bytes.count, options, &status, &offset, nil) else {
      throw Invalid(reason: Self.message(status), offset: offset)
    }
    guard let limits = pcre2_match_context_create_8(nil) else {
      pcre2_code_free_8(code)
      throw Invalid(reason: "no memory is left", offset: 0)
    }
    pcre2_set_match_limit_8(limits, Self.matchLimit)
    pcre2_set_depth_limit_8(limits, Self.depthLimit)
    pcre2_set_heap_limit_8(limits, Self.heapLimit)
    self.code = code
    self.limits = limits
  }

  deinit {
    pcre2_match_context_free_8(limits)
    pcre2_code_free_8(code)
  }

  /// Whether the whole of `value` matches.
  func matches(_ value: String) -> Bool {
    let bytes = Array(value.utf8)
    guard bytes.count <= Self.longestValue, let match = pcre2_match_data_create_8(1, nil) else { return false }
    defer { pcre2_match_data_free_8(match) }
    // 0 is a match too: with more groups than the one whose place is kept.
    return pcre2_match_8(code, bytes, bytes.count, 0, 0, match, limits) >= 0
  }

  private static func message(_ status: Int32) -> String {
    var text = [UInt8](repeating: 0, count: 256)
    let length = pcre2_get_error_message_8(status, &text, text.count)
    return length > 0 ? String(decoding: text.prefix(Int(length)), as: UTF8.self) : "error \(status)"
  }
}
