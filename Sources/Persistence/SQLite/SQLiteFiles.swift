internal import CLinux
internal import Glibc

/// The files of a database on the disk: for their owner only, whatever the umask.
enum SQLiteFiles {
  private static let mode: mode_t = 0o600

  /// Makes the file where it is not there, before SQLite opens it: SQLite gives `-wal` and `-shm` the mode of the file. Files that
  /// stand open to others are closed to them. A file that is there is never opened: closing it again would drop the locks of
  /// every other connection of this process (POSIX record locks).
  static func make(_ path: String) throws(DatabaseError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    if descriptor >= 0 {
      defer { close(descriptor) }
      guard fchmod(descriptor, mode) == 0 else { throw fault(path) }
      return
    }
    guard errno == EEXIST else { throw fault(path) }
    for suffix in ["", "-wal", "-shm"] { try closeToOthers(path + suffix) }
  }

  private static func closeToOthers(_ path: String) throws(DatabaseError) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .readOnly("\(path) is not a file") }
    guard status.st_mode & 0o777 != mode else { return }
    guard chmod(path, mode) == 0 else { throw fault(path) }
  }

  private static func fault(_ path: String) -> DatabaseError {
    let code = errno
    let reason = "\(path): \(strerror(code).map { String(cString: $0) } ?? "error \(code)")"
    return code == ENOSPC || code == EDQUOT ? .full(reason) : .readOnly(reason)
  }
}
