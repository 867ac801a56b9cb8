internal import Glibc
internal import JSON
internal import Journal
internal import Primitives

/// Where a command writes, and what was read for it before it began. The same command runs with the terminal's console here
/// and with a collecting one in the server, so it can see nothing else of the process that called it.
struct Console: Sendable {
  /// Standard output shows to a person: a QR code makes sense.
  let isTerminal: Bool
  /// The number of the operating system's user who gave the command.
  let user: uid_t
  private let id: Identifier<Console>
  private let input: Secret?
  private let output: @Sendable ([UInt8]) -> Void
  private let errors: @Sendable ([UInt8]) -> Void

  init(
    isTerminal: Bool, user: uid_t = geteuid(), id: Identifier<Console> = Identifier(at: Now.system()), input: Secret? = nil,
    output: @escaping @Sendable ([UInt8]) -> Void, errors: @escaping @Sendable ([UInt8]) -> Void
  ) {
    self.isTerminal = isTerminal
    self.user = user
    self.id = id
    self.input = input
    self.output = output
    self.errors = errors
  }

  /// The same streams with what was read for the command.
  func with(input: Secret?) -> Console {
    Console(isTerminal: isTerminal, user: user, id: id, input: input, output: output, errors: errors)
  }

  /// Who did it, for the record. Commands have ids as requests have, by which a notice that they cause is found again.
  var provenance: Provenance { Provenance(actor: .commandLine(user: String(user)), requestID: "\(id)") }

  /// Text as it is.
  func write(_ text: String) { output(Array(text.utf8)) }
  func writeErrors(_ text: String) { errors(Array(text.utf8)) }

  /// A line on standard output.
  func line(_ text: String = "") { output(Array((text + "\n").utf8)) }

  /// A line on standard error: what a person should know but a program that reads the output should not meet.
  func note(_ text: String) { errors(Array((text + "\n").utf8)) }

  /// One JSON value and a line end on standard output.
  func json(_ write: (inout JSONWriter) throws -> Void) rethrows {
    var json = JSONWriter()
    try write(&json)
    output(json.bytes + [UInt8(ascii: "\n")])
  }

  /// Columns under headings, as wide as their longest entry.
  func table(_ headings: [String], _ rows: [[String]]) {
    let all = [headings] + rows
    let widths = headings.indices.map { column in all.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    for row in all {
      let cells = row.enumerated().map { index, cell in
        index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
      }
      line(cells.joined(separator: "  "))
    }
  }

  /// The password that `Command.Input.newPassword` had read.
  func password() throws(Refusal) -> Secret {
    guard let input, input.count > 0 else { throw Refusal("no password was given") }
    return input
  }

  /// What `Command.Input.standardInputForDash` had read; `nil` where no argument was `-`.
  var standardInput: Secret? { input }
}
