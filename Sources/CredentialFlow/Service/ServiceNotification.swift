internal import CLinux
internal import Glibc

/// Tells systemd how the service fares (`Type=notify`, sd_notify(3)). libsystemd is loaded only where systemd asks to be told,
/// so that a container needs none.
struct ServiceNotification: Sendable {
  private typealias Notify = @convention(c) (Int32, UnsafePointer<CChar>) -> Int32

  private let notify: Notify?
  /// How often systemd wants to hear that the server is alive; `nil` where it does not watch.
  let watchdogInterval: Duration?

  init(environment: [String: String]) {
    guard environment["NOTIFY_SOCKET"] != nil, let library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL),
      let symbol = dlsym(library, "sd_notify")
    else {
      notify = nil
      watchdogInterval = nil
      return
    }
    notify = unsafeBitCast(symbol, to: Notify.self)
    let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
    watchdogInterval = isForUs ? environment["WATCHDOG_USEC"].flatMap(Int64.init).map { .microseconds($0) } : nil
  }

  /// Listeners are open.
  func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }
  func reloading() { send("STATUS=checking the configuration") }
  func stopping() { send("STOPPING=1\nSTATUS=finishing what is under way") }
  func alive() { send("WATCHDOG=1") }

  private func send(_ state: String) { _ = notify?(0, state) }
}
