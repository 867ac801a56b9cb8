internal import CLinux
package import Dispatch
internal import Glibc
internal import Primitives
private import Synchronization

/// One core's share of the server: a serial Dispatch queue that is also an executor, with one epoll set for its listener and its
/// connections.
///
/// One DispatchSourceRead watches the epoll descriptor itself. When it fires, `drain` takes over the queue: it handles what is
/// ready, runs the jobs that this made, and looks again. Under load it stays there, waiting up to `lingerMilliseconds` in
/// epoll_wait, so that Dispatch costs nothing per request; idle, it returns the thread and costs nothing at all.
///
///     Dispatch ──epoll fd readable──▶ drain: epoll_wait ▶ events ▶ jobs ▶ deadlines ─┐
///        ▲                                     ▲───────────────────────────────────────┘ while something happens
///        └────────── nothing for a while ──────┘
///
/// `@unchecked Sendable`: everything mutable is touched only on the queue, save `inbox` and `owner`, which are synchronised.
package final class EventLoop: TaskExecutor, SerialExecutor, @unchecked Sendable {
  static let lingerMilliseconds: Int32 = 5
  package static let tickMilliseconds: UInt64 = 100
  /// One read. Also what a connection may hold back while a request of it is being answered.
  static let readCapacity = 16 << 10
  /// Rounds of jobs that make further jobs, before events get their turn again.
  private static let mostJobRounds = 8

  package let queue: DispatchQueue
  let epoll: Int32
  private let wakeup: Int32
  /// Made by `start`: a source that was never activated must not be released.
  private var source: (any DispatchSourceRead)?
  private var timer: (any DispatchSourceTimer)?

  /// The thread that drains, 0 between drains: what tells a job from the loop from one from elsewhere.
  private let owner = Atomic<UInt>(0)
  /// Work from other threads. Held for one append or one swap.
  private let inbox = Mutex<[Work]>([])
  private var jobs: [UnownedJob] = []
  private var events = [cf_event](repeating: cf_event(), count: 64)

  let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: readCapacity, alignment: 64)
  private var connections: [Connection?] = []
  private var freeSlots: [Int] = []
  private var generations: [UInt32] = []
  /// Connections that have more to read than one turn allows.
  private var unfinished: [Connection] = []
  var pressure = Pressure()
  var wheel: TimerWheel
  /// The loop's clock, for deadlines.
  package private(set) var tick: UInt32
  private(set) var turn: UInt64 = 0  // For what is rationed by turn.
  private var acceptors: [UInt64: Acceptor] = [:]
  private var nextAcceptorToken = UInt64.max - 1
  /// Called at the end of each turn, for what is gathered per turn, such as log lines.
  package var turnEnded: () -> Void = {}

  private enum Work {
    case job(UnownedJob)
    case closure(@Sendable () -> Void)
  }

  /// Bytes that are kept: of answers for slow readers, of requests before they are answered.
  package init(label: String, mostHeldOutput: Int = 64 << 20, mostHeldInput: Int = 64 << 20) throws(LoopError) {
    queue = DispatchQueue(label: label, qos: .default)  // Above it only root may go.
    epoll = cf_epoll_create()
    wakeup = cf_eventfd()
    guard epoll >= 0, wakeup >= 0, cf_epoll_add_edge(epoll, wakeup, UInt64.max) == 0 else { throw LoopError(code: errno) }
    tick = Self.monotonicTick()
    wheel = TimerWheel(now: tick)
    (pressure.mostHeldOutput, pressure.mostHeldInput) = (mostHeldOutput, mostHeldInput)
  }

  deinit {
    readBuffer.deallocate()
    pressure.close()
    close(wakeup)
    close(epoll)
  }

  /// Starts handling events. The loop then lives until `stop`, because its handlers hold it.
  package func start() {
    source = DispatchSource.makeReadSource(fileDescriptor: epoll, queue: queue)
    timer = DispatchSource.makeTimerSource(queue: queue)
    for source in [source, timer] as [(any DispatchSourceProtocol)?] {
      source?.setEventHandler { [self] in drain() }
      source?.activate()
    }
  }

  /// Ends event handling; what is open stays open until it is released. Runs on the queue.
  package func stop() {
    execute { [self] in
      for connection in connections { connection?.close() }
      for acceptor in acceptors.values { acceptor.listener.close() }
      acceptors = [:]
      source?.cancel()
      timer?.cancel()
    }
  }

  package var isCurrent: Bool { owner.load(ordering: .relaxed) == UInt(pthread_self()) }

  /// Runs `work` on the loop, soon.
  package func execute(_ work: @escaping @Sendable () -> Void) { post(.closure(work)) }

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isCurrent { jobs.append(job) } else { post(.job(job)) }
  }

  package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
  package func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }
  package func checkIsolated() { precondition(isCurrent) }

  private func post(_ work: Work) {
    let wasEmpty = inbox.withLock { inbox in
      inbox.append(work)
      return inbox.count == 1
    }
    if wasEmpty { cf_eventfd_signal(wakeup) }
  }

  private func drain() {
    owner.store(UInt(pthread_self()), ordering: .relaxed)
    var isBusy = true
    while isBusy || hasWork {
      let count = cf_epoll_wait(epoll, &events, 64, hasWork ? 0 : Self.lingerMilliseconds)
      isBusy = count > 0
      // First the clock: a deadline that an event sets counts from now, not from when the loop last woke.
      expireDeadlines()
      turn &+= 1
      // Those from the turn before come first: else a flood of new ones would keep them waiting for ever.
      for connection in take(&unfinished) { connection.continueReading() }
      for connection in take(&pressure.postponed) { connection.client?.proceed() }
      for index in 0..<max(0, Int(count)) { handle(events[index]) }
      runWork()
      turnEnded()
    }
    armTimer()
    owner.store(0, ordering: .relaxed)
  }

  /// What must not wait for an event.
  private var hasWork: Bool { !unfinished.isEmpty || !pressure.postponed.isEmpty || !jobs.isEmpty }

  private func handle(_ event: cf_event) {
    if event.token == UInt64.max { return }
    if let acceptor = acceptors[event.token] { return acceptor.acceptConnections() }
    let slot = Int(event.token & 0xFFFF_FFFF)
    guard slot < connections.count, generations[slot] == UInt32(event.token >> 32), let connection = connections[slot] else { return }
    connection.handle(flags: event.flags)
  }

  private func runWork() {
    for work in inbox.withLock({ take(&$0) }) {
      switch work {
      case .job(let job): run(job)
      case .closure(let closure): closure()
      }
    }
    for _ in 0..<Self.mostJobRounds where !jobs.isEmpty {
      for job in take(&jobs) { run(job) }
    }
  }

  private func run(_ job: UnownedJob) {
    job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
  }

  private func take<Element>(_ array: inout [Element]) -> [Element] {
    guard !array.isEmpty else { return [] }
    defer { array = [] }
    return array
  }
}

/// Deadlines, connections and listeners.
extension EventLoop {
  /// `quota`: what the connection was taken from; `nil` for one that is only told that there is no room.
  func add(_ socket: Socket, _ peer: PeerAddress, _ quota: ConnectionQuota?) -> Connection? {
    let slot = freeSlots.popLast() ?? connections.count
    if slot == connections.count {
      connections.append(nil)
      generations.append(0)
    }
    let token = UInt64(generations[slot]) << 32 | UInt64(slot)
    guard cf_epoll_add_edge(epoll, socket.descriptor, token) == 0 else {
      freeSlots.append(slot)
      return nil
    }
    let connection = Connection(loop: self, slot: slot, socket: socket, peer: peer, quota: quota)
    connections[slot] = connection
    return connection
  }

  func remove(_ connection: Connection) {
    wheel.cancel(connection.slot)
    connections[connection.slot] = nil
    // 0xFFFF_FFFF stays free for the loop's own tokens.
    generations[connection.slot] = (generations[connection.slot] &+ 1) & 0x7FFF_FFFF
    freeSlots.append(connection.slot)
  }

  func readAgain(_ connection: Connection) { unfinished.append(connection) }

  package var openConnections: [Connection] { connections.compactMap { $0 } }

  /// Listens on the loop's own socket. Call on the loop.
  package func listen(_ listener: Listener, quota: ConnectionQuota, reception: ListenerReception) {
    let token = nextAcceptorToken
    nextAcceptorToken -= 1
    acceptors[token] = Acceptor(loop: self, listener: listener, token: token, quota: quota, reception: reception)
  }

  /// Takes what stands in the listeners' queues, then closes them.
  package func stopListening() {
    for acceptor in acceptors.values { acceptor.finish() }
    acceptors = [:]
  }

  func schedule(_ slot: Int, after duration: Duration) {
    wheel.schedule(slot, at: tick &+ Self.ticks(duration) &+ 1)
  }

  private func expireDeadlines() {
    let now = Self.monotonicTick()
    guard now > tick else { return }
    tick = now
    var expired: [Int] = []
    wheel.advance(to: now, expired: &expired)
    for slot in expired { connections[slot]?.expire() }
    for acceptor in acceptors.values { acceptor.resume() }
  }

  private func armTimer() {
    let isPaused = acceptors.values.contains { $0.isPaused }
    guard let next = isPaused ? tick + 1 : wheel.nextTick else {
      timer?.schedule(deadline: .distantFuture)
      return
    }
    let milliseconds = Int(next - tick) * Int(Self.tickMilliseconds) + 1
    timer?.schedule(deadline: .now() + .milliseconds(milliseconds), leeway: .milliseconds(50))
  }

  private static func monotonicTick() -> UInt32 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return UInt32(truncatingIfNeeded: (UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000) / tickMilliseconds) &+ 1
  }
}
