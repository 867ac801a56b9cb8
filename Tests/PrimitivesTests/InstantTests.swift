import Primitives
import Testing

struct InstantTests {
  @Test(
    "times are written as RFC 3339 says, leap days and the edges of years included",
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
      (951_868_800, "2000-03-01T00:00:00Z"), (1_709_164_800, "2024-02-29T00:00:00Z"), (1_735_689_599, "2024-12-31T23:59:59Z"),
      (1_735_689_600, "2025-01-01T00:00:00Z"), (1_740_787_200, "2025-03-01T00:00:00Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
      (4_107_542_400, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (-86_400, "1969-12-31T00:00:00Z"),
      (-2_203_891_200, "1900-03-01T00:00:00Z"), (253_402_300_799, "9999-12-31T23:59:59Z"), (1_795_467_902, "2026-11-23T21:05:02Z"),
    ] as [(Int64, String)])
  func rfc3339(seconds: Int64, text: String) {
    #expect(Instant(unixSeconds: seconds).rfc3339() == text)
    #expect(Instant(rfc3339: text) == (seconds < 0 ? nil : Instant(unixSeconds: seconds)))
  }

  @Test("microseconds are written where they are asked for, and count forwards before 1970 too")
  func fractions() {
    #expect(Instant(microseconds: 1_500_000).rfc3339(fraction: true) == "1970-01-01T00:00:01.500000Z")
    #expect(Instant(microseconds: 42).rfc3339(fraction: true) == "1970-01-01T00:00:00.000042Z")
    #expect(Instant(microseconds: -1).rfc3339(fraction: true) == "1969-12-31T23:59:59.999999Z")
    #expect(Instant(microseconds: -1).unixSeconds == -1)
  }

  @Test("every day of eight hundred years follows the one before")
  func calendar() {
    var previous = CivilDate(daysSinceEpoch: -146_098)
    for days in Int64(-146_097)...146_097 {
      let date = CivilDate(daysSinceEpoch: days)
      let isLeap = previous.year % 4 == 0 && (previous.year % 100 != 0 || previous.year % 400 == 0)
      let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      let isLastDay = previous.day == lengths[Int(previous.month) - 1]
      let isRight =
        if !isLastDay {
          date.day == previous.day + 1 && date.month == previous.month && date.year == previous.year
        } else if previous.month < 12 {
          date.day == 1 && date.month == previous.month + 1 && date.year == previous.year
        } else {
          date.day == 1 && date.month == 1 && date.year == previous.year + 1
        }
      if !isRight { Issue.record("day \(days)") }
      previous = date
    }
  }

  @Test("sums saturate, so that for ever and a day is for ever")
  func saturation() {
    #expect(Instant(microseconds: .max) + .days(1) == Instant(microseconds: .max))
    #expect(Instant(microseconds: .min) + .days(-1) == Instant(microseconds: .min))
    #expect(Instant(microseconds: 5) - .microseconds(7) == Instant(microseconds: -2))
    #expect(Duration.seconds(Int64.max).inMicroseconds == .max)
    #expect(Duration.seconds(Int64.min).inMicroseconds == .min)
    #expect(Instant(unixSeconds: 10) - Instant(unixSeconds: 4) == .seconds(6))
    #expect(Duration.minutes(2) == .seconds(120) && Duration.hours(1) == .minutes(60) && Duration.days(1) == .hours(24))
  }

  @Test("a clock that is moved by hand stands still otherwise, and goes back when told")
  func manualClock() {
    let clock = ManualClock(at: Instant(unixSeconds: 100))
    let now = clock.now
    #expect(now() == Instant(unixSeconds: 100))
    clock.advance(by: .seconds(-40))
    #expect(now() == Instant(unixSeconds: 60))
    #expect(Now.fixed(at: Instant(unixSeconds: 7))() == Instant(unixSeconds: 7))
    #expect(Now.system() > Instant(unixSeconds: 1_700_000_000))
  }

  @Test("every day from 1970 to 2100 is read as it is written, and what is no date is not read")
  func readBack() {
    for day in 0..<Int64(47_482) {
      let instant = Instant(unixSeconds: day * 86_400 + day % 86_400)
      #expect(Instant(rfc3339: instant.rfc3339()) == instant)
    }
    for text in [
      "", "2027-01-01", "2027-02-29T00:00:00Z", "2027-04-31T00:00:00Z", "2027-13-01T00:00:00Z", "2027-00-10T00:00:00Z",
      "2027-01-01T24:00:00Z", "2027-01-01T00:60:00Z", "2027-01-01T00:00:00+", "2027-01-01t00:00:00Z", "1969-12-31T23:59:59Z",
      "2027-1-01T00:00:000Z",
    ] { #expect(Instant(rfc3339: text) == nil, "\(text)") }
  }
}
