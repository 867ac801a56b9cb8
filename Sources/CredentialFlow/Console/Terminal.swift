internal import CLinux
private import Dispatch
internal import Glibc
internal import Primitives

/// The terminal that the program was started from, whatever its standard streams are.
struct Terminal: ~Copyable {
  private let descriptor: Int32

  /// `nil` where there is none: under cron, in a pipe of a service.
  init?() {
    let opened = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard opened >= 0 else { return nil }
    descriptor = opened
  }

  /// Takes over an open descriptor; for tests with a pseudo-terminal.
  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  static var isStandardOutput: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Asks for one line that does not show. The terminal shows again what is typed afterwards, also where a signal ends the
  /// program meanwhile.
  func password(_ prompt: String) throws(Refusal) -> Secret {
    var shown = termios()
    guard tcgetattr(descriptor, &shown) == 0 else { throw Refusal("the terminal cannot be asked for a password") }
    var hidden = shown
    hidden.c_lflag &= ~tcflag_t(ECHO)
    hidden.c_lflag |= tcflag_t(ECHONL | ICANON | ISIG)
    let restoration = Restoration(of: descriptor, to: shown)
    defer { restoration.end() }
    guard tcsetattr(descriptor, TCSAFLUSH, &hidden) == 0 else { throw Refusal("the terminal cannot stop showing what is typed") }
    write(prompt)
    return try PasswordLine.read(from: descriptor)
  }

  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.write(descriptor, bytes, bytes.count)
  }
}

/// Puts the terminal back when asked, or when a signal comes that would end the program.
private final class Restoration {
  private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  private let descriptor: Int32
  private let state: termios
  private let sources: [any DispatchSourceSignal]

  init(of descriptor: Int32, to state: termios) {
    self.descriptor = descriptor
    self.state = state
    let queue = DispatchQueue(label: "terminal")
    sources = Self.signals.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        var shown = state
        tcsetattr(descriptor, TCSAFLUSH, &shown)
        signal(number, SIG_DFL)
        kill(getpid(), number)
      }
      source.resume()
      return source
    }
    // Suspending (Ctrl-Z) would leave the shell without echo.
    signal(SIGTSTP, SIG_IGN)
  }

  func end() {
    var shown = state
    tcsetattr(descriptor, TCSAFLUSH, &shown)
    for source in sources { source.cancel() }
    for number in Self.signals { signal(number, SIG_DFL) }
    signal(SIGTSTP, SIG_DFL)
  }
}

/// One line that becomes a `Secret` without passing through a `String`.
enum PasswordLine {
  /// Far above the longest password that is accepted, so that the refusal comes from the rule and not from here.
  private static let limit = 4096

  /// Reads byte by byte, so that nothing after the line end is taken from the stream.
  static func read(from descriptor: Int32) throws(Refusal) -> Secret {
    var line: [UInt8] = []
    line.reserveCapacity(limit)
    defer { Secret.wipe(&line) }
    while true {
      var byte: UInt8 = 0
      let count = Glibc.read(descriptor, &byte, 1)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Refusal("the password could not be read: \(SystemError.text(errno))") }
      if count == 0 || byte == UInt8(ascii: "\n") { break }
      guard line.count < limit else { throw Refusal("the password is longer than \(limit) bytes") }
      line.append(byte)
    }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    guard !line.isEmpty else { throw Refusal("the password is empty") }
    return Secret(copying: line)
  }
}
