internal import Glibc
internal import Transport

/// Listening sockets that the service manager has opened and hands over (sd_listen_fds(3)): `LISTEN_FDS` descriptors from 3 on, for
/// the process `LISTEN_PID`, named by `LISTEN_FDNAMES`. They stay its own, so that nobody is refused while the server is restarted.
struct InheritedSockets: Sendable {
  /// For the public listener, named `public`; none: the server opens its own.
  private(set) var world: [Listener] = []
  /// Named `operations`.
  private(set) var operations: [Listener] = []

  static let none = InheritedSockets()

  private static let firstDescriptor: Int32 = 3
  private static let most = 16

  private init() {}

  /// Sockets without names are the public one and the one for operations, in that order.
  init(environment: [String: String], process: Int32 = getpid()) throws {
    guard let count = environment["LISTEN_FDS"], environment["LISTEN_PID"] == "\(process)" else { return }
    guard let count = Int(count), (1...Self.most).contains(count) else {
      throw Refusal("LISTEN_FDS is '\(count)'; at most \(Self.most) sockets are taken")
    }
    for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] { unsetenv(name) }
    for (index, name) in try Self.names(environment["LISTEN_FDNAMES"], count: count).enumerated() {
      let listener = try Listener(inheriting: Self.firstDescriptor + Int32(index))
      switch name {
      case "public": world.append(listener)
      case "operations": operations.append(listener)
      default: throw Refusal("a socket is named '\(name)'; write FileDescriptorName=public or FileDescriptorName=operations")
      }
    }
  }

  private static func names(_ text: String?, count: Int) throws -> [String] {
    let names = text?.split(separator: ":", omittingEmptySubsequences: false).map(String.init) ?? []
    if names.allSatisfy({ $0.isEmpty || $0 == "unknown" }) {
      guard count <= 2 else { throw Refusal("\(count) sockets without names; name them with FileDescriptorName=") }
      return Array(["public", "operations"].prefix(count))
    }
    guard names.count == count else { throw Refusal("LISTEN_FDNAMES names \(names.count) sockets, and LISTEN_FDS says \(count)") }
    return names
  }
}
