/// A value in a log line. There is none for `Secret`, so that a secret cannot be logged without being taken apart first.
package enum LogValue: Sendable, Hashable {
  case string(String)
  case integer(Int)
  case number(Double)
  case boolean(Bool)
}

package enum LogLevel: String, Sendable {
  case info, warning, error
}
