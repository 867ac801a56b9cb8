internal import Defense
internal import Delivery
internal import Glibc
internal import Primitives
internal import Telemetry

/// Where the list of Cloudflare's networks comes from, and where it is kept for the next start.
struct EdgeList: Sendable {
  /// Bytes that a list may have.
  static let mostBytes = 65_536

  /// The file that holds the last list.
  let path: String
  /// Its answers are bounded as the list is.
  let client: HTTPSClient

  /// The list as it was kept; `nil` where there is none, or none that can be believed.
  func kept(_ log: Log) -> CloudflareRanges? {
    guard FileBytes.exists(path) else { return nil }
    do {
      return try CloudflareRanges(fetched: FileBytes.read(path, limit: Self.mostBytes))
    } catch {
      log.warning("cloudflare_ranges_kept", ("fault", .string("\(path): \(error)")))
      return nil
    }
  }

  func keep(_ body: [UInt8]) throws {
    let fresh = "\(path).new"
    unlink(fresh)
    guard try FileBytes.create(fresh, body, mode: 0o600), rename(fresh, path) == 0 else {
      throw Refusal("\(path) cannot be replaced: \(SystemError.text(errno))")
    }
  }

  /// Asks only for what is newer than `etag`, where there is one.
  func fetch(_ url: String, etag: String) async throws -> (status: Int, body: [UInt8]) {
    guard let address = HTTPSAddress(url) else { throw Refusal("cloudflare.rangesURL: '\(url)' is no https address") }
    let headers = etag.isEmpty ? [] : [HTTPSHeader("If-None-Match", "\"\(etag)\"")].compactMap { $0 }
    let answer = try await client.send(HTTPSRequest(address, headers: headers))
    return (answer.status, answer.body)
  }
}
