internal import CNGHTTP2
internal import HTTP

/// What the HTTP/2 connections of a loop share: the functions and options for libnghttp2, made once, and the room in which answers'
/// fields are written.
package final class HTTP2Library {
  let callbacks: OpaquePointer?
  let options: OpaquePointer?
  var fields = FieldList()
  /// Answers tell browsers to come by https only.
  let isStrict: Bool
  var vector: [nghttp2_nv] = []

  package init(isStrict: Bool) {
    self.isStrict = isStrict
    var callbacks: OpaquePointer?
    nghttp2_session_callbacks_new(&callbacks)
    var options: OpaquePointer?
    nghttp2_option_new(&options)
    self.callbacks = callbacks
    self.options = options
    HTTP2Callbacks.register(callbacks)
    // `FieldBlock` judges messages, by the rules that hold for HTTP/1 too. The library would drop fields that it does not like, and
    // could only reset where we can say why.
    nghttp2_option_set_no_http_messaging(options, 1)
    nghttp2_option_set_max_deflate_dynamic_table_size(options, HTTP2Limit.headerTable)
    nghttp2_option_set_max_settings(options, HTTP2Limit.settingsEntries)
    nghttp2_option_set_max_continuations(options, HTTP2Limit.continuations)
    nghttp2_option_set_max_outbound_ack(options, HTTP2Limit.waitingAcknowledgements)
  }

  deinit {
    nghttp2_option_del(options)
    nghttp2_session_callbacks_del(callbacks)
  }
}

/// Bounds of one connection that are not settings.
enum HTTP2Limit {
  /// Bytes of the compression table in each direction.
  static let headerTable = 4096
  /// Announced as SETTINGS_MAX_HEADER_LIST_SIZE; past it `FieldBlock` has long refused.
  static let fieldList: UInt32 = 32 << 10
  /// A block that grows beyond this when it is decompressed ends the connection.
  static let hostileFieldList = 128 << 10
  static let settingsEntries = 16
  static let continuations = 8
  /// More than one read can ask for.
  static let waitingAcknowledgements = 2000
  /// Bytes of heads and bodies whose requests are not answered. A request that does not fit is refused for the client to send again.
  static let heldRequests = 1 << 20
  /// About what a stream takes here and in the library, without its fields and bodies.
  static let streamItself = 1 << 10
  /// Bytes of answers that wait for the client's windows; past it no further request is answered.
  static let heldAnswers = 1 << 20
  /// Bytes of a body that are read and thrown away after its request was answered.
  static let unreadBody = 256 << 10
  /// Answers that may gather before they are sent.
  static let gatheredOutput = 64 << 10
}
