internal import Transport

/// What either version's session does when the server stops. A protocol, because a connection may carry either.
protocol DrainingClient: ConnectionClient {
  /// Lets the requests at hand, and those that come within `grace`, be answered, and closes.
  func drain(grace: Duration)
}
