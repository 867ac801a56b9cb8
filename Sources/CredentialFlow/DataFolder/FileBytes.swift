internal import CLinux
internal import Glibc

/// Small files, read and made whole.
enum FileBytes {
  /// The file's content; refuses more than `limit` bytes.
  static func read(_ path: String, limit: Int) throws(Refusal) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Refusal("\(path) cannot be read: \(SystemError.text(errno))") }
    defer { close(descriptor) }
    return try read(descriptor: descriptor, name: path, limit: limit)
  }

  static func read(descriptor: Int32, name: String, limit: Int) throws(Refusal) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Refusal("\(name) cannot be read: \(SystemError.text(errno))") }
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= limit else { throw Refusal("\(name) is larger than \(limit) bytes") }
    }
  }

  /// Makes a file that does not exist yet, durable when this returns. `false` where it exists already.
  static func create(_ path: String, _ bytes: [UInt8], mode: mode_t) throws(Refusal) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else {
      guard errno != EEXIST else { return false }
      throw Refusal("\(path) cannot be made: \(SystemError.text(errno))")
    }
    defer { close(descriptor) }
    // Half a file would look like one that was there before.
    var isComplete = false
    defer { if !isComplete { unlink(path) } }
    guard write(bytes, to: descriptor), fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
      throw Refusal("\(path) cannot be written: \(SystemError.text(errno))")
    }
    isComplete = true
    return true
  }

  /// Writes all of it; `false` where the descriptor takes no more.
  @discardableResult static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Makes what was created, renamed or removed in a folder durable.
  static func syncFolder(_ path: String) throws(Refusal) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Refusal("\(path) cannot be read: \(SystemError.text(errno))") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw Refusal("\(path) cannot be made durable: \(SystemError.text(errno))") }
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// What stands in a folder, in order; nothing where it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      names.append(name)
    }
    return names.sorted()
  }
}

/// What the system says of an `errno`, as in "No such file or directory".
enum SystemError {
  static func text(_ code: Int32) -> String { strerror(code).map { String(cString: $0) } ?? "error \(code)" }
}
