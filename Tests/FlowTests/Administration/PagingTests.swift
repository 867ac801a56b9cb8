import JSON
import Persistence
import Primitives
import Testing

@testable import CredentialFlow

@Suite("Lists by pages")
struct PagingTests {
  private func insert(_ names: [String], _ world: World) async throws {
    try await world.application.database.transaction { db in
      for name in names {
        try db.run(
          """
          INSERT INTO account (id, username, is_enabled, password_pepper, password_work, password_changed_at, created_at, version)
          VALUES (\(Identifier<World>(at: World.start)), \(name), \(true), 0, 0, \(World.start), \(World.start), 1)
          """)
      }
    }
  }

  @Test("a walk over 1,200 users meets each once, while others are added before, behind and around it")
  func complete() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      let names = (0..<1200).map { "user+\($0)&x" }
      try await insert(names, world)
      var met: [String] = []
      var after: String?
      var round = 0
      repeat {
        let answer = try console.call("GET", "/users?limit=97" + (after.map { "&after=\($0)" } ?? ""))
        let page = try #require(answer.json?["items"]?.elements)
        #expect(page.count <= 97)
        met += page.compactMap { $0["username"]?.string }
        after = answer.json?["next"]?.string
        round += 1
        let last = try #require(met.last)
        try await insert(["a-before-\(round)", "\(last).behind", "zz-after-\(round)", "user+\(round * 60)&x.new"], world)
      } while after != nil
      #expect(Set(met).count == met.count && met == met.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
      #expect(Set(met).isSuperset(of: names))
      #expect(try console.all("/users", limit: 500).count == 1200 + 4 * round)
      #expect(try console.call("GET", "/users").json?["items"]?.elements?.count == 100)
    }
  }

  @Test("a page that ends with the list has no next; an empty list is an empty page")
  func ends() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      #expect(try console.call("GET", "/users").text == #"{"items":[]}"#)
      try await insert((0..<10).map { "u\($0)" }, world)
      #expect(try console.call("GET", "/users?limit=10").json?["next"] == nil)
      #expect(try console.call("GET", "/users?limit=9").json?["next"] != nil)
      let entries = try console.all("/audit", limit: 3)
      #expect(entries.map { $0["sequence"]?.integer } == (1...Int64(entries.count)).map { $0 })
      _ = try await world.addClient("alpha")
      _ = try await world.addClient("beta")
      #expect(try console.all("/apps", limit: 1).map { $0["name"]?.string } == ["alpha", "beta", "console"])
    }
  }
}
