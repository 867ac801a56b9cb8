import Identity
import JSON
import Primitives
import Testing

@testable import CredentialFlow

@Suite("AuthZEN 1.0")
struct EvaluationTests {
  /// A point of enforcement with its permission, and the standard's Alice, who may read account 123 and no more.
  private func run(_ body: (World, (_ path: String, _ body: String) throws -> Answer, Person) async throws -> Void) async throws {
    try await World.run { world in
      try await world.addRole("enforcement", "cf/decisions:evaluate")
      try await world.addRole("reader", "account/123:can_read", "document/*:view")
      let point = try await world.addClient("point")
      _ = try await world.application.roles.grant(
        "enforcement", to: .application(try #require(Application.ID(point.clientID))), by: World.admin)
      let alice = try await world.addPerson("alice@acmecorp.com", roles: ["reader"])
      let bearer = try world.bearer(point)
      try await body(world, { try world.post("/access/v1/\($0)", $1, bearer) }, alice)
    }
  }

  private func question(_ type: String, _ id: String, _ action: String = "can_read", resource: String = "123") -> String {
    """
    {"subject":{"type":"\(type)","id":"\(id)"},"resource":{"type":"account","id":"\(resource)"},
     "action":{"name":"\(action)","properties":{"method":"GET"}},"context":{"time":"1985-10-26T01:22-07:00"}}
    """
  }

  @Test("the standard's first example: may Alice read account 123")
  func single() async throws {
    try await run { world, ask, alice in
      let client = try await world.addClient()
      let session = try world.signedIn(alice, client)
      for (type, id) in [
        ("user", "alice@acmecorp.com"), ("user", alice.id), ("session", try #require(session.json?["session_id"]?.string)),
      ] {
        let answer = try ask("evaluation", question(type, id))
        #expect(answer.status == 200 && answer.text == #"{"decision":true}"#, "\(answer)")
        #expect(
          try ask("evaluation", question(type, id, "can_write")).text
            == #"{"decision":false,"context":{"reason":"insufficient_permission"}}"#)
        #expect(try ask("evaluation", question(type, id, resource: "A b")).json?["decision"]?.boolean == false)
      }
      #expect(try ask("evaluation", question("application", client.clientID)).json?["decision"]?.boolean == false)
      func reason(_ type: String, _ id: String) throws -> String? {
        try ask("evaluation", question(type, id)).json?["context"]?["reason"]?.string
      }
      // Who is nobody may do nothing; taken away is what somebody had.
      for (type, id) in [("user", "bob@acmecorp.com"), ("session", "x"), ("application", "x"), ("robot", "r2")] {
        #expect(try reason(type, id) == "insufficient_permission", "\(type)")
      }
      #expect(try await world.application.accounts.setEnabled(false, alice.name, by: World.admin))
      #expect(try reason("user", alice.id) == "revoked")
      #expect(try reason("user", alice.name) == "revoked")
    }
  }

  @Test("the standard's examples of several questions, with defaults and all three ways to stop")
  func several() async throws {
    try await run { _, ask, alice in
      func evaluations(_ semantic: String?, _ documents: [String]) throws -> [Bool?] {
        let options = semantic.map { #","options":{"evaluations_semantic":"\#($0)"}"# } ?? ""
        let items = documents.map { #"{"resource":{"type":"\#($0)","id":"1"}}"# }.joined(separator: ",")
        let body = #"{"subject":{"type":"user","id":"\#(alice.id)"},"action":{"name":"view"},"evaluations":[\#(items)]\#(options)}"#
        let answer = try ask("evaluations", body)
        #expect(answer.status == 200, "\(answer)")
        return answer.json?["evaluations"]?.elements?.map { $0["decision"]?.boolean } ?? []
      }
      let mixed = ["document", "secret", "document"]
      #expect(try evaluations(nil, mixed) == [true, false, true])
      #expect(try evaluations("execute_all", mixed) == [true, false, true])
      #expect(try evaluations("deny_on_first_deny", mixed) == [true, false])
      #expect(try evaluations("permit_on_first_permit", ["secret", "document", "document"]) == [false, true])
      #expect(try ask("evaluations", question("user", alice.id)).text == #"{"decision":true}"#)
      let own = #"{"evaluations":[\#(question("user", alice.id)),{"subject":{"type":"user"}},{}]}"#
      let answers = try #require(try ask("evaluations", own).json?["evaluations"]?.elements)
      #expect(answers.map { $0["decision"]?.boolean } == [true, false, false])
      #expect(answers[1]["context"]?["error"]?["status"]?.integer == 400)
      #expect(answers[2]["context"]?["error"]?["message"]?.string == "subject is missing")
    }
  }

  @Test("who may not ask is refused, and a question with a mistake is told where")
  func refused() async throws {
    try await run { world, ask, alice in
      let client = try await world.addClient()
      let body = question("user", alice.id)
      #expect(try world.post("/access/v1/evaluation", body).status == 401)
      let other = try world.post("/access/v1/evaluation", body, try world.bearer(client))
      #expect(other.status == 403 && other.code == "insufficient_permission")
      #expect(try world.post("/access/v1/evaluation", body, client.key).status == 401)
      for (body, pointer) in [
        ("{}", "/subject"), (#"{"subject":{"type":"user","id":1}}"#, "/subject/id"), (#"{"subject":"x"}"#, "/subject"),
        (#"{"subject":{"type":"user","id":"a"},"resource":{"type":"a","id":"b"}}"#, "/action"),
      ] {
        let answer = try ask("evaluation", body)
        #expect(answer.code == "invalid_request" && answer.pointer == pointer, "\(answer)")
      }
      let many = "{\"evaluations\":[\(Array(repeating: "{}", count: 101).joined(separator: ","))]}"
      #expect(try ask("evaluations", many).pointer == "/evaluations")
      #expect(try ask("evaluations", #"{"options":{"evaluations_semantic":"x"}}"#).pointer == "/options/evaluations_semantic")
    }
  }
}
