internal import CLinux
internal import Glibc

/// One process at a time works in a data folder. The lock goes with `release`, or when the process ends.
struct FolderLock: Sendable {
  private let descriptor: Int32

  /// `nil` where another process holds it.
  static func acquire(_ folder: DataFolder) throws(Refusal) -> FolderLock? {
    let descriptor = open(folder.lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw Refusal("\(folder.lockPath) cannot be opened: \(SystemError.text(errno))") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno
      close(descriptor)
      guard reason == EWOULDBLOCK else { throw Refusal("\(folder.lockPath) cannot be locked: \(SystemError.text(reason))") }
      return nil
    }
    return FolderLock(descriptor: descriptor)
  }

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// Once: the descriptor's number may belong to something else afterwards.
  func release() { close(descriptor) }
}
