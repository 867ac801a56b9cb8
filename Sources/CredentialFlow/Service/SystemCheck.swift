internal import Glibc
internal import Primitives
internal import Transport

/// Checks that need nothing but the machine and the installation. A check more is a line more.
struct SystemCheck: Sendable {
  let name: String
  let run: @Sendable (Installation) -> Finding

  static let all = [
    SystemCheck(name: "libraries") { _ in libraries(LibraryVersions.all) },
    SystemCheck(name: "clock") { _ in clock(Now.system()) },
    SystemCheck(name: "folder") { files([$0.folder.path], mode: 0o700, isRequired: true) },
    SystemCheck(name: "files") { installation in
      let folder = installation.folder
      let names = [folder.configurationPath, folder.masterKeyPath, folder.databasePath, folder.databasePath + "-wal", folder.lockPath]
      return files(names, mode: 0o600, isRequired: false)
    },
    SystemCheck(name: "disk") { disk($0.folder.path) },
    SystemCheck(name: "operations") { installation in
      // What is wrong with the configuration says the check of that name.
      guard let settings = try? installation.load().configuration.operations else { return .good("not known") }
      return operations(settings.listen, isSecured: settings.tls.isEnabled)
    },
    SystemCheck(name: "configuration") { installation in
      do {
        let loaded = try installation.load()
        return .good(loaded.origins.isEmpty ? "defaults" : loaded.origins.joined(separator: ", "))
      } catch {
        return .bad("\(error)")
      }
    },
    SystemCheck(name: "tls") { security($0) },
  ]

  /// OpenSSL 1.1 and older get no fixes; the others are those of Debian 12.
  static func libraries(_ versions: [LibraryVersions]) -> Finding {
    let text = versions.map { "\($0.name) \($0.version)" }.joined(separator: ", ")
    guard let openSSL = versions.first(where: { $0.name == "OpenSSL" })?.version, let major = Int(openSSL.prefix { $0 != "." }),
      major >= 3
    else { return .bad("OpenSSL 3 or newer is needed; install libssl3") }
    return .good(text)
  }

  /// A token of a clock that stands in the past is expired everywhere else.
  static func clock(_ now: Instant) -> Finding {
    guard now >= Instant(unixSeconds: 1_767_225_600) else {
      return .bad("the clock says \(now.rfc3339()), before this program was made; set it, and let systemd-timesyncd or chrony keep it")
    }
    guard now < Instant(unixSeconds: 4_102_444_800) else { return .bad("the clock says \(now.rfc3339()); set it") }
    return .good(now.rfc3339())
  }

  /// Nobody but the owner may read them, and the owner is who runs the server.
  static func files(_ paths: [String], mode: mode_t, isRequired: Bool) -> Finding {
    var checked = 0
    for path in paths {
      var status = stat()
      guard stat(path, &status) == 0 else {
        guard errno == ENOENT && !isRequired else { return .bad("\(path): \(SystemError.text(errno)); `credentialflow init` makes it") }
        continue
      }
      checked += 1
      let excess = status.st_mode & 0o777 & ~mode
      guard excess == 0 else { return .bad("\(path) is open to others; chmod \(String(mode, radix: 8)) \(path)") }
      guard status.st_uid == geteuid() || geteuid() == 0 else {
        return .bad("\(path) belongs to user \(status.st_uid), and this is user \(geteuid()); chown it")
      }
    }
    return .good("\(checked) closed to others")
  }

  /// Administration and metrics are for this machine.
  static func operations(_ listen: String, isSecured: Bool) -> Finding {
    guard let address = ListenAddress(listen) else {
      return .bad("operations.listen: '\(listen)' is no address; write HOST:PORT or unix:PATH")
    }
    guard address.isLocal || isSecured else {
      return .bad("operations.listen: \(listen) can be reached from other machines without TLS; use 127.0.0.1, unix:PATH or operations.tls")
    }
    return .good(address.isLocal ? "\(listen): this machine only" : "\(listen), with TLS")
  }

  /// A full disk refuses every sign-in.
  static func disk(_ path: String) -> Finding {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return .bad("\(path): \(SystemError.text(errno))") }
    let megabytes = UInt64(status.f_bavail) * UInt64(status.f_frsize) / 1_048_576
    guard megabytes >= 256 else { return .bad("only \(megabytes) MB are free under \(path); make room, 256 MB at least") }
    guard status.f_favail > 1000 || status.f_files == 0 else { return .bad("\(path) has almost no inodes left; make room") }
    return .good("\(megabytes) MB free")
  }
}
