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
