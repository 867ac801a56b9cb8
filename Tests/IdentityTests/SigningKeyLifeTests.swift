import Cryptography
import Primitives
import Testing

@testable import Identity

@Suite("The life of a signing key")
struct SigningKeyLifeTests {
  typealias Step = SigningKeyLife.Step

  private static let start = Instant(unixSeconds: 1_800_000_000)
  private static let schedule = KeySchedule(publicationLead: .hours(24), rotationInterval: .days(90), longestLifetime: .minutes(10))
  private static let leeway = Duration.minutes(1)

  private func key(
    _ kid: String, _ stage: SigningKeyRecord.Stage, _ algorithm: SigningAlgorithm = .es256, activatesAt: Instant? = nil,
    activatedAt: Instant? = nil, goneAt: Instant? = nil, longest: Duration = .minutes(10)
  ) -> SigningKeyRecord {
    SigningKeyRecord(
      kid: kid, algorithm: algorithm, stage: stage, createdAt: Self.start, activatesAt: activatesAt, activatedAt: activatedAt,
      goneAt: goneAt, longestLifetime: longest)
  }

  /// Active keys of the algorithms that a test is not about.
  private var others: [SigningKeyRecord] {
    [key("rsa", .active, .rs256, activatedAt: Self.start), key("ed", .active, .edDSA, activatedAt: Self.start)]
  }

  private var active: SigningKeyRecord { key("a", .active, activatedAt: Self.start) }

  private func steps(
    _ records: [SigningKeyRecord], on event: SigningKeyLife.Event = .time, after duration: Duration = .zero,
    _ schedule: KeySchedule = schedule
  ) -> [Step] {
    SigningKeyLife(records + others, schedule).steps(on: event, at: Self.start + duration)
  }

  @Test("where an algorithm has no key one is made that signs at once")
  func first() {
    #expect(SigningKeyLife([], Self.schedule).steps(on: .time, at: Self.start) == SigningAlgorithm.allCases.map { .install($0) })
    #expect(steps([]) == [.install(.es256)])
    #expect(steps([key("r", .retiring, goneAt: Self.start + .days(1))]) == [.install(.es256)])
    #expect(steps([active]) == [])
  }

  @Test("a rotation shows the successor at once and lets it sign when the lead is over")
  func staged() {
    let event = SigningKeyLife.Event.rotate([.es256], isImmediate: false)
    #expect(steps([active], on: event) == [.publish(.es256, activatesAt: Self.start + .hours(24))])
    let shown = [active, key("b", .published, activatesAt: Self.start + .hours(24))]
    #expect(steps(shown, on: event) == [], "one successor is enough")
    #expect(steps(shown, after: .hours(24) - .microseconds(1)) == [])
    let goneAt = Self.start + .hours(24) + .minutes(10) + Self.leeway
    #expect(steps(shown, after: .hours(24)) == [.retire(kid: "a", goneAt: goneAt), .activate(kid: "b")])
  }

  @Test("a key retires until everything it signed has ended, however far the clock was stepped back")
  func retiring() {
    let retiring = [key("a", .retiring, goneAt: Self.start + .minutes(11)), key("b", .active, activatedAt: Self.start)]
    #expect(steps(retiring, after: .minutes(11) - .microseconds(1)) == [])
    #expect(steps(retiring, after: .minutes(11)) == [.drop(kid: "a")])
    #expect(steps(retiring, after: .hours(-1)) == [])
    let now = SigningKeyLife.Event.rotate([.es256], isImmediate: true)
    #expect(
      steps([active], on: now, after: .hours(-1)) == [
        .retire(kid: "a", goneAt: Self.start + .minutes(10) + Self.leeway), .install(.es256),
      ])
    let long = key("a", .active, activatedAt: Self.start, longest: .hours(2))
    #expect(steps([long], on: now) == [.retire(kid: "a", goneAt: Self.start + .hours(2) + Self.leeway), .install(.es256)])
  }

  @Test("a clock that goes back takes no step back and publishes nothing twice")
  func clockBack() {
    let shown = [active, key("b", .published, activatesAt: Self.start + .hours(24))]
    #expect(steps(shown, after: .days(-30)) == [])
    #expect(steps([key("b", .active, activatedAt: Self.start + .hours(24))], after: .zero) == [])
  }

  @Test("at once means the published key where there is one, and a new one otherwise")
  func immediate() {
    let event = SigningKeyLife.Event.rotate([.es256], isImmediate: true)
    let goneAt = Self.start + .minutes(10) + Self.leeway
    #expect(steps([active], on: event) == [.retire(kid: "a", goneAt: goneAt), .install(.es256)])
    let shown = [active, key("b", .published, activatesAt: Self.start + .hours(24))]
    #expect(steps(shown, on: event) == [.retire(kid: "a", goneAt: goneAt), .activate(kid: "b")])
  }

  @Test("a revoked key goes at once; one that signed is followed at once")
  func revoked() {
    #expect(steps([active], on: .revoke("a")) == [.drop(kid: "a"), .install(.es256)])
    let shown = [active, key("b", .published, activatesAt: Self.start + .hours(24))]
    #expect(steps(shown, on: .revoke("a")) == [.drop(kid: "a"), .activate(kid: "b")])
    #expect(steps(shown, on: .revoke("b")) == [.drop(kid: "b")])
    #expect(steps([active, key("r", .retiring, goneAt: Self.start + .days(1))], on: .revoke("r")) == [.drop(kid: "r")])
    #expect(steps([active, key("g", .gone)], on: .revoke("g")) == [])
    #expect(steps([active], on: .revoke("unknown")) == [])
  }

  @Test("the schedule shows the successor a lead before the key's time is over, and late rather than never")
  func schedule() {
    #expect(steps([active], after: .days(89) - .microseconds(1)) == [])
    let due = SigningKeyLife([active] + others, Self.schedule).steps(on: .time, at: Self.start + .days(89))
    #expect(due == SigningAlgorithm.allCases.map { .publish($0, activatesAt: Self.start + .days(90)) })
    let late = SigningKeyLife([active] + others, Self.schedule).steps(on: .time, at: Self.start + .days(500))
    #expect(late == SigningAlgorithm.allCases.map { .publish($0, activatesAt: Self.start + .days(501)) })
    let never = KeySchedule(publicationLead: .hours(24), rotationInterval: .zero, longestLifetime: .minutes(10))
    #expect(steps([active], after: .days(3000), never) == [])
  }

  @Test("a longer lifetime of tokens counts for the key that signs them, a shorter one not before the old tokens have ended")
  func lifetimes() {
    let longer = KeySchedule(publicationLead: .hours(24), rotationInterval: .zero, longestLifetime: .hours(1))
    #expect(SigningKeyLife([active], longer).steps(on: .time, at: Self.start).first == .lengthen(kid: "a"))
    let shorter = KeySchedule(publicationLead: .hours(24), rotationInterval: .zero, longestLifetime: .minutes(5))
    #expect(steps([active], shorter) == [])
    let goneAt = Self.start + .minutes(10) + Self.leeway
    #expect(
      steps([active], on: .rotate([.es256], isImmediate: true), shorter) == [.retire(kid: "a", goneAt: goneAt), .install(.es256)])
  }

  @Test("the next moment is the earliest of all that is to come")
  func nextMoment() {
    func moment(_ records: [SigningKeyRecord], _ schedule: KeySchedule = Self.schedule) -> Instant? {
      SigningKeyLife(records, schedule).nextMoment
    }
    #expect(moment([active]) == Self.start + .days(89))
    #expect(moment([active, key("b", .published, activatesAt: Self.start + .hours(24))]) == Self.start + .hours(24))
    #expect(moment([active, key("r", .retiring, goneAt: Self.start + .minutes(3))]) == Self.start + .minutes(3))
    let never = KeySchedule(publicationLead: .hours(24), rotationInterval: .zero, longestLifetime: .minutes(10))
    #expect(moment([active], never) == nil)
  }

  @Test("whatever happens in whatever order, one key of an algorithm signs, at most one waits, and none comes back")
  func random() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      var world = Store()
      var at = Self.start
      for _ in 0..<60 {
        at = at + .minutes(Int64.random(in: -200...2000, using: &generator))
        let event: SigningKeyLife.Event =
          switch Int.random(in: 0..<4, using: &generator) {
          case 0: .rotate([.es256], isImmediate: false)
          case 1: .rotate([.es256], isImmediate: true)
          case 2: .revoke(world.records.randomElement(using: &generator)?.kid ?? "")
          default: .time
          }
        world.apply(SigningKeyLife(world.records, Self.schedule).steps(on: .time, at: at), at: at)
        world.apply(SigningKeyLife(world.records, Self.schedule).steps(on: event, at: at), at: at)
        let ours = world.records.filter { $0.algorithm == .es256 }
        #expect(ours.count { $0.stage == .active } == 1)
        #expect(ours.count { $0.stage == .published } <= 1)
        #expect(world.isForward)
      }
    }
  }
}

/// The rows, in memory.
private struct Store {
  var records: [SigningKeyRecord] = []
  /// No key has gone back in its life.
  var isForward = true
  private var made = 0

  mutating func apply(_ steps: [SigningKeyLife.Step], at instant: Instant) {
    for step in steps {
      switch step {
      case .publish(let algorithm, let due): add(algorithm, .published, activatesAt: due, at: instant)
      case .install(let algorithm): add(algorithm, .active, activatesAt: nil, at: instant)
      case .activate(let kid): move(kid, from: [.published], to: .active, at: instant)
      case .retire(let kid, let goneAt): move(kid, from: [.active], to: .retiring, goneAt: goneAt, at: instant)
      case .drop(let kid): move(kid, from: [.published, .active, .retiring], to: .gone, at: instant)
      case .lengthen: break
      }
    }
  }

  private mutating func add(_ algorithm: SigningAlgorithm, _ stage: SigningKeyRecord.Stage, activatesAt: Instant?, at instant: Instant) {
    made += 1
    records.append(
      SigningKeyRecord(
        kid: "\(made)", algorithm: algorithm, stage: stage, createdAt: instant, activatesAt: activatesAt,
        activatedAt: stage == .active ? instant : nil, goneAt: nil, longestLifetime: .minutes(10)))
  }

  private mutating func move(
    _ kid: String, from stages: [SigningKeyRecord.Stage], to stage: SigningKeyRecord.Stage, goneAt: Instant? = nil, at instant: Instant
  ) {
    guard let index = records.firstIndex(where: { $0.kid == kid }), stages.contains(records[index].stage) else {
      isForward = false
      return
    }
    let old = records[index]
    records[index] = SigningKeyRecord(
      kid: kid, algorithm: old.algorithm, stage: stage, createdAt: old.createdAt, activatesAt: old.activatesAt,
      activatedAt: stage == .active ? instant : old.activatedAt, goneAt: goneAt, longestLifetime: old.longestLifetime)
  }
}
