internal import CNGHTTP2

/// What libnghttp2 calls, brought to the connection that it is about. `user` is that connection, which outlives its session.
enum HTTP2Callbacks {
  static func register(_ callbacks: OpaquePointer?) {
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, user in
      HTTP2Callbacks.with(user, frame) { connection, frame in connection.blockBegins(frame.hd.stream_id, isRequest: frame.isRequest) }
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, _, name, nameLength, value, valueLength, _, user in
      HTTP2Callbacks.with(user) {
        $0.field(UnsafeBufferPointer(start: name, count: nameLength), UnsafeBufferPointer(start: value, count: valueLength))
      }
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
      HTTP2Callbacks.with(user, frame) { connection, frame in
        let endsStream = frame.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch UInt32(frame.hd.type) {
        case NGHTTP2_HEADERS.rawValue: return connection.blockEnds(endsStream: endsStream)
        case NGHTTP2_DATA.rawValue: return connection.dataEnds(frame.hd.stream_id, endsStream: endsStream)
        case NGHTTP2_PING.rawValue where frame.hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0: return connection.pingReturns()
        default: return 0
        }
      }
    }
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, _, _, user in
      HTTP2Callbacks.with(user) { $0.frameIsRefused() }
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, bytes, count, user in
      HTTP2Callbacks.with(user) { $0.data(stream, UnsafeBufferPointer(start: bytes, count: count)) }
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, user in
      HTTP2Callbacks.with(user) { $0.streamCloses(stream, code: code) }
    }
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, user in
      HTTP2Callbacks.with(user, frame) { connection, frame in
        switch UInt32(frame.hd.type) {
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
          return frame.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) == 0 ? 0 : connection.answerSent(frame.hd.stream_id)
        case NGHTTP2_GOAWAY.rawValue: return connection.noticeSent()
        default: return 0
        }
      }
    }
  }

  /// Copies of an answer's body go into the frames as the client's windows allow.
  static let readBody: nghttp2_data_source_read_callback = { _, _, buffer, capacity, flags, source, _ in
    guard let buffer, let pointer = source?.pointee.ptr else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
    let stream = Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue()
    let count = min(capacity, stream.unsent)
    stream.output.withUnsafeBufferPointer { output in
      if count > 0, let start = output.baseAddress { buffer.update(from: start + stream.sent, count: count) }
    }
    stream.sent += count
    if stream.unsent == 0 { flags?.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue) }
    return count
  }

  private static func with(_ user: UnsafeMutableRawPointer?, _ body: (HTTP2Connection) -> Int32) -> Int32 {
    guard let user else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
    return Unmanaged<HTTP2Connection>.fromOpaque(user)._withUnsafeGuaranteedRef(body)
  }

  private static func with<Value>(
    _ user: UnsafeMutableRawPointer?, _ value: UnsafePointer<Value>?, _ body: (HTTP2Connection, Value) -> Int32
  ) -> Int32 {
    guard let value else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
    return with(user) { body($0, value.pointee) }
  }
}

extension nghttp2_frame {
  /// Whether a block of fields opens a stream, rather than following a body.
  fileprivate var isRequest: Bool { headers.cat == NGHTTP2_HCAT_REQUEST }
}
