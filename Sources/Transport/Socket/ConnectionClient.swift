/// What lives on a connection: HTTP/1 or HTTP/2; hence a protocol. All calls come on the loop.
package protocol ConnectionClient: AnyObject {
  /// The bytes are good only during the call.
  func received(_ bytes: Span<UInt8>)
  /// The peer will send nothing more, though it may still read.
  func ended()
  /// Everything written so far has left.
  func drained()
  /// The deadline has passed.
  func expired()
  /// The connection is gone; nothing may be called on it any more.
  func closed()
  /// The turn after `postpone` has come.
  func proceed()
  /// Memory is short: what of the connection has been waited for since `tick` or before may go. `false`: all of it.
  func dropSlowInput(since tick: UInt32) -> Bool
  var worth: ConnectionWorth { get }
}

extension ConnectionClient {
  package func proceed() {}
  package func dropSlowInput(since tick: UInt32) -> Bool { false }
  package var worth: ConnectionWorth { .busy }
}
