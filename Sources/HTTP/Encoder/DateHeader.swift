package import Primitives

/// The value of `Date` (RFC 9110, section 5.6.7), made anew once a second.
package struct DateHeader: Sendable {
  private var second: Int64 = .min
  private(set) var line: [UInt8] = []
  /// Where the value stands in `line`.
  var value: ArraySlice<UInt8> { line.dropFirst(6).dropLast(2) }

  package init() {}

  package mutating func update(_ now: Instant) {
    let seconds = now.unixSeconds
    guard seconds != second else { return }
    second = seconds
    line = Array("Date: \(Self.format(now))\r\n".utf8)
  }

  /// IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`.
  package static func format(_ now: Instant) -> String {
    let seconds = now.unixSeconds
    let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
    let date = CivilDate(daysSinceEpoch: days)
    let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][Int(((days + 4) % 7 + 7) % 7)]
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][Int(date.month - 1)]
    let time = seconds - days * 86_400
    let parts = [time / 3600, time / 60 % 60, time % 60].map(Self.twoDigits)
    return "\(weekday), \(twoDigits(date.day)) \(month) \(date.year) \(parts[0]):\(parts[1]):\(parts[2]) GMT"
  }

  private static func twoDigits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
