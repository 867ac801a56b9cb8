internal import FoundationEssentials
internal import Glibc

/// A real mail server (aiosmtpd) and a service that takes SMS, in a process of their own: `post_office.py` says what they do.
package final class PostOffice: Sendable {
  package let folder: String
  private let ports: [String: Int]
  /// Ends the process when it is closed.
  private let standardInput: Int32

  package struct Absent: Error {
    package let reason: String
  }

  /// One for all tests of a run: they tell their letters apart by their recipients.
  package static let shared = Result<PostOffice, Absent> { () throws(Absent) in try PostOffice() }

  /// Of `Scripts/install-dependencies test`; where it is absent there is nothing to run against.
  package static let python = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: ".build/python/bin/python").path
  package static var isInstalled: Bool { access(python, X_OK) == 0 }

  package init() throws(Absent) {
    // As the program does: a peer that is gone is an error of the write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    var template = Array("/tmp/credentialflow-post-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Absent(reason: "no temporary folder") }
    let folder = String(cString: made)
    self.folder = folder
    let (certificate, key) = ("\(folder)/certificate.pem", "\(folder)/key.pem")
    let request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    let names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
    guard let openSSL = Self.spawn("/usr/bin/openssl", request + names, input: nil) else { throw Absent(reason: "openssl does not start") }
    var status: Int32 = 0
    waitpid(openSSL, &status, 0)
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw Absent(reason: "no pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "post_office.py").path
    let child = Self.spawn(Self.python, ["-W", "ignore", script, folder, certificate, key], input: ends[0])
    close(ends[0])
    guard child != nil else { throw Absent(reason: "python does not start") }
    standardInput = ends[1]
    guard let text = Self.wait({ Self.read("\(folder)/ports") }) else { throw Absent(reason: "the post office does not open") }
    let pairs = text.split(separator: "\n").map { $0.split(separator: "=") }
    ports = Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), Int($0[1]) ?? 0) })
  }

  deinit {
    close(standardInput)
    try? FileManager.default.removeItem(atPath: folder)
  }

  package var certificate: String { "\(folder)/certificate.pem" }
  /// `plain`, `starttls`, `tls` or `sms`.
  package func port(_ name: String) -> Int { ports[name] ?? 0 }

  /// The `count` letters to an address that have come so far, in the order of their coming; waits for them.
  package func mails(to address: String, atLeast count: Int = 1) -> [String] { letters("mail/\(address)", "eml", count) }
  /// The same without holding a thread, for letters that the program still has to send.
  package func nextMails(to address: String, atLeast count: Int = 1) async -> [String] {
    for _ in 0..<3_000 {
      let found = mails(to: address, atLeast: 0)
      if found.count >= count { return found }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return mails(to: address, atLeast: 0)
  }

  package func messages(to number: String, atLeast count: Int = 1) -> [String] { letters("sms/\(number)", "txt", count) }

  private func letters(_ place: String, _ suffix: String, _ count: Int) -> [String] {
    var found: [String] = []
    _ = Self.wait {
      while let letter = Self.read("\(folder)/\(place)/\(found.count + 1).\(suffix)") { found.append(letter) }
      return found.count >= count ? "all" : nil
    }
    return found
  }

  /// Polls: a file of another process comes about in no other way. At most a minute.
  private static func wait(_ condition: () -> String?) -> String? {
    for _ in 0..<6_000 {
      if let found = condition() { return found }
      usleep(10_000)
    }
    return nil
  }

  private static func read(_ path: String) -> String? {
    guard let data = try? Data(contentsOf: URL(filePath: path)) else { return nil }
    return String(decoding: data, as: UTF8.self)
  }

  private static func spawn(_ program: String, _ arguments: [String], input: Int32?) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input { posix_spawn_file_actions_adddup2(&actions, input, 0) }
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    let argv = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for pointer in argv { free(pointer) } }
    var child: pid_t = 0
    return posix_spawn(&child, program, &actions, nil, argv, environ) == 0 ? child : nil
  }
}
