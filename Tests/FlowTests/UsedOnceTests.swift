import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("One-time things over a restart")
struct UsedOnceTests {
  @Test("what was used stays used, over a restart and a clock that was set back an hour")
  func restart() async throws {
    let folder = try TemporaryFolder()
    try await Template.copy(to: folder)
    let clock = ManualClock(at: World.start)
    var used: [(path: String, body: String, token: String?)] = []
    var client: Client?
    try await World.run(in: folder, clock: clock, World.mail) { world in
      let gateway = try await world.addClient()
      client = gateway
      let person = try await world.addMailPerson()
      let code = try await world.invited()
      let token = try #require(try world.accept(code, gateway).json?["enrollment_token"]?.string)
      let begun = try BegunTOTP(world.asUser("POST", "/auth/factors/totp", token))
      let confirmation = #"{"code":"\#(begun.code(clock))"}"#
      #expect(try world.asUser("POST", "/auth/factors/totp/\(begun.id)/confirm", token, confirmation).status == 200)
      let session = try world.signedIn(person, gateway).token()
      let proof = try world.proof(person, session)
      #expect(try world.beginTOTP(session, proof: proof).status == 201)
      let recovery = try await world.recoveryCode(person, gateway)
      let mfa = #"{"method":"recovery_code","code":"\#(person.recoveryCodes[0])"}"#
      let finish = #"{"code":"\#(recovery)","password":"seven lamps on the wet pier","mfa":\#(mfa)}"#
      #expect(try world.call("POST", "/auth/recovery/finish", [World.json, gateway.key], Array(finish.utf8)).status == 204)
      used = [
        ("/auth/invitation/accept", #"{"code":"\#(code)","password":"\#(Person.password)"}"#, nil),
        ("/auth/factors/totp", "{}", token), ("/auth/factors/totp/\(begun.id)/confirm", confirmation, token),
        ("/auth/factors/totp", #"{"proof":"\#(proof)"}"#, session), ("/auth/recovery/finish", finish, nil),
        ("/auth", #"{"username":"\#(person.name)","password":"seven lamps on the wet pier","mfa":\#(mfa)}"#, nil),
      ]
    }
    clock.advance(by: .hours(-1))
    try await World.run(in: folder, clock: clock, World.mail) { world in
      let gateway = try #require(client)
      for (path, body, token) in used {
        let answer = try world.call(
          "POST", path, [World.json] + (token.map { [World.bearer($0)] } ?? [gateway.key]), Array(body.utf8))
        #expect((400...401).contains(answer.status), "\(path) \(answer)")
      }
    }
  }
}
