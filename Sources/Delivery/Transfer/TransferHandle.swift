internal import CCurl
internal import Primitives

/// One handle of libcurl, which keeps its connections between transfers.
///
/// `@unchecked`: `TransferLanes` gives it to one thread at a time; `stop`, which others call, sets one atomic of the C side.
final class TransferHandle: @unchecked Sendable {
  private let transfer: OpaquePointer
  private var fault: Int32 = 0
  /// When it last worked, for whoever closes what is idle.
  private(set) var lastUsed = ContinuousClock.now
  /// Whether it may have a connection from before.
  private(set) var hasRun = false

  init() throws(TransferError) {
    guard let transfer = cf_transfer_make() else {
      throw .missing(cf_transfer_missing().map { String(cString: $0) } ?? "no memory for a transfer")
    }
    self.transfer = transfer
  }

  deinit { cf_transfer_free(transfer) }

  func stop() { cf_transfer_stop(transfer) }

  /// Begins another transfer; the connections stay.
  func reset() {
    cf_transfer_reset(transfer)
    fault = 0
  }

  func set(_ option: CURLoption, _ text: String) { note(cf_transfer_set_text(transfer, option, text)) }
  func set(_ option: CURLoption, _ number: Int) { note(cf_transfer_set_number(transfer, option, number)) }
  func add(_ option: CURLoption, _ line: String) { note(cf_transfer_add(transfer, option, line)) }

  /// A secret of at most 4 KiB as text; refused where it holds a NUL, which would cut it short.
  func set(_ option: CURLoption, _ secret: Secret) {
    var text = secret.withBytes { Array($0) } + [0]
    defer { Secret.wipe(&text) }
    guard text.count <= 4_096, text.firstIndex(of: 0) == text.count - 1 else { return note(Int32(CURLE_BAD_FUNCTION_ARGUMENT.rawValue)) }
    text.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
      note(cf_transfer_set_text(transfer, option, start))
    }
  }

  /// What every transfer has in common: time, certificates, and nothing taken from the environment.
  func setUp(_ limits: TransferLimits) {
    // An empty name: no proxy, whatever the environment says.
    set(CURLOPT_PROXY, "")
    set(CURLOPT_CONNECTTIMEOUT_MS, Int(limits.connectTimeout.inMicroseconds / 1_000))
    set(CURLOPT_TIMEOUT_MS, Int(limits.timeout.inMicroseconds / 1_000))
    set(CURLOPT_SSL_VERIFYPEER, 1)
    set(CURLOPT_SSL_VERIFYHOST, 2)
    // TLS 1.2 at least: CURL_SSLVERSION_TLSv1_2.
    set(CURLOPT_SSLVERSION, 6)
    if !limits.caFile.isEmpty { set(CURLOPT_CAINFO, limits.caFile) }
  }

  /// The end of a transfer.
  struct Ending {
    let code: Int32
    /// The last status of HTTP or SMTP; 0 where there was none.
    let status: Int
    let uploaded: Int
    let error: String
    let answer: [UInt8]
  }

  /// Runs the transfer with `body`, and takes at most `limit` bytes of an answer.
  func run(body: [UInt8]?, isUpload: Bool, limit: Int) throws(TransferError) -> Ending {
    cf_transfer_set_limit(transfer, limit)
    let run = { (bytes: UnsafeRawBufferPointer?) -> Int32 in
      if let bytes {
        // POSTFIELDS must not be NULL, which would mean that the body is read from elsewhere.
        let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        self.note(start.map { cf_transfer_set_body(self.transfer, $0, bytes.count, isUpload ? 1 : 0) } ?? 0)
      }
      return self.fault == 0 ? cf_transfer_run(self.transfer) : self.fault
    }
    // An empty array may have no address.
    let code = body.map { bytes in (bytes + [0]).withUnsafeBytes { run(UnsafeRawBufferPointer(rebasing: $0.dropLast())) } } ?? run(nil)
    lastUsed = .now
    hasRun = true
    var count = 0
    let answer = cf_transfer_answer(transfer, &count)
    return Ending(
      code: code, status: cf_transfer_status(transfer), uploaded: cf_transfer_uploaded(transfer),
      error: code == 0 ? "" : String(cString: cf_transfer_error(transfer, code)),
      answer: Array(UnsafeBufferPointer(start: answer, count: count).map { UInt8(bitPattern: $0) }))
  }

  /// Keeps the first.
  private func note(_ code: Int32) { if fault == 0 { fault = code } }
}

/// How long a transfer may take, and whose certificates it trusts.
package struct TransferLimits: Sendable {
  package let connectTimeout: Duration
  /// From the beginning to the end.
  package let timeout: Duration
  /// PEM file of the authorities to trust; empty for the system's.
  package let caFile: String

  package init(connectTimeout: Duration, timeout: Duration, caFile: String) {
    self.connectTimeout = connectTimeout
    self.timeout = timeout
    self.caFile = caFile
  }
}
