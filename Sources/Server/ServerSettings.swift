package import Primitives

/// The section `limits` of the configuration: how much, and how long, one client may take of the server.
package struct ServerSettings: Settings {
  /// Event loops; 0: one per core.
  package var loops: Int
  /// Open connections in all.
  package var connections: Int
  /// Open connections per address (IPv6: per /64). Behind a proxy all come from one.
  package var connectionsPerAddress: Int
  /// Bytes of a request body, for the routes that take one.
  package var body: Int
  /// Requests of one HTTP/2 connection that may be under way at once.
  package var streams: Int
  /// From the first byte of a request to the end of its fields.
  package var headerTimeout: Duration
  /// From the end of the fields to the end of the body.
  package var bodyTimeout: Duration
  /// Between two requests, and before the first.
  package var idleTimeout: Duration
  /// For the client to read an answer.
  package var writeTimeout: Duration
  /// Bytes of answers that one loop keeps for slow readers.
  package var unreadOutput: Int
  /// Bytes of requests that one loop keeps before they are answered.
  package var unfinishedInput: Int

  /// The built-in values.
  package init() {
    loops = 0
    connections = 20_000
    connectionsPerAddress = 2_000
    body = 16_384
    streams = 100
    headerTimeout = .seconds(10)
    bodyTimeout = .seconds(20)
    idleTimeout = .seconds(75)
    writeTimeout = .seconds(30)
    unreadOutput = 64 << 20
    unfinishedInput = 64 << 20
  }

  package init(from reader: SettingsReader) throws(SettingsError) {
    self.init()
    let brief = Duration.milliseconds(100)...Duration.hours(1)
    loops = try reader.integer("loops", default: loops, in: 0...256)
    connections = try reader.integer("connections", default: connections, in: 1...1_000_000)
    connectionsPerAddress = try reader.integer("connectionsPerAddress", default: connectionsPerAddress, in: 1...1_000_000)
    body = try reader.integer("body", default: body, in: 1024...1_048_576)
    streams = try reader.integer("streams", default: streams, in: 1...1000)
    headerTimeout = try reader.duration("headerTimeout", default: headerTimeout, in: brief)
    // The limiter is patient with clocks that are so far behind, and no further.
    bodyTimeout = try reader.duration("bodyTimeout", default: bodyTimeout, in: .milliseconds(100) ... .seconds(100))
    idleTimeout = try reader.duration("idleTimeout", default: idleTimeout, in: brief)
    unreadOutput = try reader.integer("unreadOutput", default: unreadOutput, in: 1 << 20...1 << 32)
    unfinishedInput = try reader.integer("unfinishedInput", default: unfinishedInput, in: 1 << 20...1 << 32)
    writeTimeout = try reader.duration("writeTimeout", default: writeTimeout, in: brief)
  }
}
