/// RFC 3339 in UTC, the form of every time in an answer that is not a token: `2026-11-23T21:05:02Z`, with `.ffffff` where
/// `fraction` asks for microseconds.
extension Instant {
  package func rfc3339(fraction: Bool = false) -> String {
    let seconds = unixSeconds
    let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
    let date = CivilDate(daysSinceEpoch: days)
    let time = seconds - days * 86_400
    var text = "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T"
    text += "\(padded(time / 3600, 2)):\(padded(time / 60 % 60, 2)):\(padded(time % 60, 2))"
    if fraction { text += "." + padded(microseconds - seconds * 1_000_000, 6) }
    return text + "Z"
  }
}

/// A date of the proleptic Gregorian calendar.
package struct CivilDate: Hashable, Sendable {
  package let year: Int64
  package let month: Int64
  package let day: Int64

  /// Counts in 400-year eras that begin on 1 March, so that the leap day is the last day of a year.
  package init(daysSinceEpoch days: Int64) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }
}

private func padded(_ number: Int64, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

extension Instant {
  /// Reads `2026-11-23T21:05:02Z`: UTC, whole seconds, years 1970 to 9999. `nil` for anything else.
  package init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    let shape = Array("dddd-dd-ddTdd:dd:ddZ".utf8)
    guard bytes.count == shape.count else { return nil }
    var fields: [Int64] = [0]
    for (byte, wanted) in zip(bytes, shape) {
      if wanted == UInt8(ascii: "d") {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
        fields[fields.count - 1] = fields[fields.count - 1] * 10 + Int64(byte - UInt8(ascii: "0"))
      } else {
        guard byte == wanted else { return nil }
        fields.append(0)
      }
    }
    // Days since the epoch by the same calendar that writes them: whatever does not come out again was no date.
    let (year, month) = (fields[0], fields[1])
    guard year >= 1970, (1...12).contains(month) else { return nil }
    let shifted = (year: month > 2 ? year : year - 1, month: (month + 9) % 12)
    let leapDays = shifted.year / 4 - shifted.year / 100 + shifted.year / 400
    let days = shifted.year * 365 + leapDays + (shifted.month * 153 + 2) / 5 + fields[2] - 1 - 719_468
    self.init(unixSeconds: days * 86_400 + fields[3] * 3600 + fields[4] * 60 + fields[5])
    guard rfc3339() == text else { return nil }
  }
}
