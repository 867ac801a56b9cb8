internal import Glibc
internal import JSON
internal import Primitives

/// A command for the server that holds the data folder.
struct ControlRequest: Sendable {
  /// As on the command line, without the program's name.
  let words: [String]
  /// The caller's standard output shows to a person.
  let isTerminal: Bool
  /// The password or standard input, read by the caller. It travels as a frame of its own, never as JSON text.
  let input: Secret?
  /// Who is at the other end of the socket, as the kernel says; never part of the message.
  var user: uid_t = geteuid()

  var json: [UInt8] {
    var json = JSONWriter()
    json.object {
      $0.member("words", words)
      $0.member("isTerminal", isTerminal)
      $0.member("hasInput", input != nil)
    }
    return json.bytes
  }

  /// `nil` unless `json` is what `json` writes.
  init?(json: [UInt8], input: Secret) {
    guard case .object(let members) = try? JSON5Parser.parse(json), members.count == 3,
      case .array(let items) = members["words"], case .boolean(let isTerminal) = members["isTerminal"],
      case .boolean(let hasInput) = members["hasInput"]
    else { return nil }
    let words = items.compactMap { if case .string(let word) = $0 { word } else { nil } }
    guard words.count == items.count else { return nil }
    self.init(words: words, isTerminal: isTerminal, input: hasInput ? input : nil)
  }

  init(words: [String], isTerminal: Bool, input: Secret?) {
    self.words = words
    self.isTerminal = isTerminal
    self.input = input
  }
}

/// What the command wrote and how it ended.
struct ControlReply: Sendable, Equatable {
  let status: ExitStatus
  let output: String
  let errors: String

  var json: [UInt8] {
    var json = JSONWriter(capacity: output.utf8.count + errors.utf8.count + 64)
    json.object {
      $0.member("status", status.rawValue)
      $0.member("output", output)
      $0.member("errors", errors)
    }
    return json.bytes
  }

  init(status: ExitStatus, output: String, errors: String) {
    self.status = status
    self.output = output
    self.errors = errors
  }

  init?(json: [UInt8]) {
    guard case .object(let members) = try? JSON5Parser.parse(json),
      case .integer(let code) = members["status"], let status = Int32(exactly: code).flatMap(ExitStatus.init(rawValue:)),
      case .string(let output) = members["output"], case .string(let errors) = members["errors"]
    else { return nil }
    self.init(status: status, output: output, errors: errors)
  }
}

/// The bounds of the control socket, the same on both ends.
enum ControlLimit {
  static let requestBytes = 256 * 1024
  static let inputBytes = 1024 * 1024
  /// Quoting makes at most six bytes of one (`\u00xx`), and the output is bounded before.
  static let outputBytes = 16 * 1024 * 1024
  static let replyBytes = outputBytes * 6 + 1024
  static let connections = 8
  /// For a request to arrive, and for a reply to be taken.
  static let transferTimeout = Duration.seconds(5)
  /// For a command to finish; the longest of them write many rows.
  static let replyTimeout = Duration.seconds(600)
}
