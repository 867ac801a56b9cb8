internal import API
internal import Identity
internal import JSON

/// What `user add` prints, once.
struct EnrolmentText {
  let enrolment: Accounts.Enrolment

  func write(to console: Console, isJSON: Bool) {
    if isJSON {
      console.json { $0.enrolment(enrolment) }
      return
    }
    console.line("user      \(enrolment.account.username)")
    console.line("id        \(enrolment.account.id)")
    console.line("secret    \(enrolment.totpSecret)")
    console.line("uri       \(enrolment.totpURI)")
    if console.isTerminal, let lines = QRCode.lines(for: enrolment.totpURI) {
      console.line()
      for line in lines { console.line(line) }
    }
    console.line()
    console.line("Recovery codes, each good once:")
    for code in enrolment.recoveryCodes { console.line("  \(code)") }
    console.line()
    console.line("Hand secret and codes to the user now: they are not shown again.")
  }
}
