import Glibc
import JSON

/// How often a race is run: a few times as a rule, `CREDENTIALFLOW_TEST_ROUNDS` times where somebody has time.
enum Rounds {
  private static let asked = getenv("CREDENTIALFLOW_TEST_ROUNDS").flatMap { Int(String(cString: $0)) }

  static func count(_ usual: Int = 3) -> Int { asked ?? usual }
}

extension Answer {
  /// Status, code of the body and its bytes, but for the request's id.
  var withoutRequestID: String {
    guard let id = json?["request_id"]?.string, let range = text.firstRange(of: id) else { return "\(status) \(text)" }
    return "\(status) " + text.replacingCharacters(in: range, with: "")
  }
}

extension String {
  fileprivate func firstRange(of other: String) -> Range<String.Index>? { ranges(of: other).first }

  fileprivate func replacingCharacters(in range: Range<String.Index>, with other: String) -> String {
    var text = self
    text.replaceSubrange(range, with: other)
    return text
  }
}
