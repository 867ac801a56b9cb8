import CZlib
import HTTP
import JSON
import Primitives
import Testing

@testable import API
@testable import CredentialFlow

@Suite("What the server says of itself")
struct DescriptionTests {
  private func document(_ world: World) throws -> JSONValue {
    let answer = try world.call("GET", "/openapi.json")
    return try #require(answer.status == 200 ? answer.json : nil, "\(answer.status)")
  }

  @Test("every row of the route table is described, and nothing else is")
  func bothWays() async throws {
    try await World.run { world in
      let routes = world.application.api.routes
      let rows = routes.described.map(\.row)
      let described = OperationDescription.all.map(\.row)
      #expect(Set(rows).subtracting(described).sorted() == [], "rows without a description")
      #expect(Set(described).subtracting(rows).sorted() == [], "descriptions without a row")
      #expect(Set(described).count == described.count && Set(rows).count == rows.count)
      var served: [String] = []
      for (path, item) in try document(world)["paths"]?.members ?? [] {
        served += item.names.map { "\($0.uppercased()) \(path)" }
      }
      #expect(Set(served) == Set(routes.described.map { "\($0.methodName.uppercased()) \($0.template)" }))
      for row in routes.described where row.body != .none {
        let description = OperationDescription.all.first { $0.row == row.row }
        #expect(description?.input != nil, "\(row.path) takes a body that is not described")
      }
    }
  }

  @Test("what is described is served where it says: OPTIONS of each path names the methods")
  func served() async throws {
    try await World.run { world in
      for (path, item) in try document(world)["paths"]?.members ?? [] where item["get"]?["x-any-method"] == nil {
        let plain = path.map { $0 == "{" || $0 == "}" ? "x" : String($0) }.joined()
        for (listener, port) in [("public", world.port), ("operations", world.operationsPort)] {
          let methods = (item.members ?? []).filter { $0.value["x-listeners"]?.strings?.contains(listener) == true }.map(\.name)
          let allow = try world.call("OPTIONS", plain, port: port)["Allow"]?.split(separator: ",").map {
            $0.filter { $0 != " " }.lowercased()
          }
          #expect(Set(allow ?? []).subtracting(["head", "options"]) == Set(methods), "\(listener) \(path)")
        }
      }
    }
  }

  @Test("the document is OpenAPI 3.1: references lead somewhere, names are unique, parameters and answers are complete")
  func structure() async throws {
    try await World.run { world in
      let document = try document(world)
      #expect(
        document["openapi"]?.string == "3.1.0" && document["info"]?["title"]?.string != nil && document["info"]?["version"]?.string != nil)
      let schemas = Set(document["components"]?["schemas"]?.names ?? [])
      let schemes = Set(document["components"]?["securitySchemes"]?.names ?? [])
      let tags = Set(document["tags"]?.elements?.compactMap { $0["name"]?.string } ?? [])
      var names: Set<String> = []
      for (path, item) in document["paths"]?.members ?? [] {
        for (method, operation) in item.members ?? [] {
          let place = "\(method) \(path)"
          #expect(names.insert(try #require(operation["operationId"]?.string)).inserted, "\(place)")
          #expect(operation["summary"]?.string?.isEmpty == false && Set(operation["tags"]?.strings ?? ["?"]).isSubset(of: tags), "\(place)")
          let inPath = (operation["parameters"]?.elements ?? []).filter { $0["in"]?.string == "path" }.compactMap { $0["name"]?.string }
          let templated = path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
          #expect(inPath == templated, "\(place)")
          for requirement in operation["security"]?.elements ?? [] { #expect(Set(requirement.names).isSubset(of: schemes), "\(place)") }
          let responses = try #require(operation["responses"]?.members)
          #expect(responses.contains { ("200"..<"400").contains($0.name) }, "\(place)")
          #expect(responses.allSatisfy { $0.name.count == 3 && $0.value["description"]?.string?.isEmpty == false }, "\(place)")
        }
      }
      for reference in references(document) { #expect(schemas.contains(reference), "\(reference)") }
      #expect(schemas.subtracting(references(document)) == [], "schemas that nothing names")
    }
  }

  private func references(_ value: JSONValue) -> Set<String> {
    if let elements = value.elements { return elements.reduce(into: []) { $0.formUnion(references($1)) } }
    var found: Set<String> = []
    for (name, member) in value.members ?? [] {
      if name == "$ref", let text = member.string { found.insert(String(text.split(separator: "/").last ?? "")) }
      found.formUnion(references(member))
    }
    return found
  }

  @Test("the description may be kept by caches, and asked for again by its tag; it names no secret of this server")
  func caching() async throws {
    try await World.run { world in
      let first = try world.call("GET", "/openapi.json")
      #expect(first["Cache-Control"]?.hasPrefix("public") == true && first["Content-Type"] == "application/json")
      let tag = try #require(first["ETag"])
      #expect(try world.call("GET", "/openapi.json", [("If-None-Match", tag)]).status == 304)
      #expect(try world.call("GET", "/openapi.json", port: world.operationsPort).body == first.body)
    }
  }
}

@Suite("Compressed answers")
struct CompressionTests {
  @Test("a long answer without secrets is compressed for who takes gzip, and is the same after; HEAD says the same length")
  func gzip() async throws {
    try await World.run { world in
      let plain = try world.call("GET", "/openapi.json")
      #expect(plain["Content-Encoding"] == nil && plain["Vary"] == "Accept-Encoding" && plain.body.count > 10_000)
      let accept = ("Accept-Encoding", "br, gzip;q=0.8")
      let packed = try world.call("GET", "/openapi.json", [accept])
      #expect(packed["Content-Encoding"] == "gzip" && packed["Vary"] == "Accept-Encoding")
      #expect(packed.body.count < plain.body.count / 3 && packed["ETag"] == "W/\(plain["ETag"] ?? "")")
      #expect(try unpacked(packed.body, count: plain.body.count) == plain.body)
      let head = try world.call("HEAD", "/openapi.json", [accept])
      #expect(head["Content-Length"] == "\(packed.body.count)" && head["Content-Encoding"] == "gzip" && head.body == [])
      #expect(try world.call("GET", "/openapi.json", [accept, ("If-None-Match", packed["ETag"] ?? "")]).status == 304)
      for refused in ["gzip;q=0", "identity, gzip;q=0.5", "*;q=0", "br", "gzip;q=2", "gzip;q=x", "gzip;level=9"] {
        #expect(try world.call("GET", "/openapi.json", [("Accept-Encoding", refused)])["Content-Encoding"] == nil, "\(refused)")
      }
    }
  }

  @Test("short answers, refusals, and whatever may hold a secret go out as they are")
  func plain() async throws {
    try await World.run { world in
      let console = try await world.addAdministrator()
      let client = try await world.addClient("sign-in")
      let accept = ("Accept-Encoding", "gzip")
      for index in 0..<20 { _ = try await world.addPerson("user\(index)") }
      #expect(try console.call("GET", "/users", nil, accept)["Content-Encoding"] == "gzip")
      #expect(try console.call("GET", "/users?limit=1", nil, accept)["Content-Encoding"] == nil)
      #expect(try console.call("GET", "/users?x=1", nil, accept)["Content-Encoding"] == nil)
      let roles = (0..<64).map { "role-with-a-long-name-\($0)" }
      for role in roles { try await world.addRole(role, "a/\(role):read") }
      let person = try await world.addPerson("rich", roles: roles)
      let signedIn = try world.auth(person.oneCall(person.code(world.clock)), client, accept)
      #expect(signedIn.status == 200 && signedIn.body.count > 1024 && signedIn["Content-Encoding"] == nil && signedIn["Vary"] == nil)
      let made = try console.call("POST", "/users", #"{"username":"new","password":"long enough"}"#, accept)
      #expect(made.status == 201 && made["Content-Encoding"] == nil)
    }
  }

  private func unpacked(_ bytes: [UInt8], count: Int) throws -> [UInt8] {
    var stream = z_stream()
    try #require(inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
    defer { inflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: count + 1)
    return input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        let status = inflate(&stream, Z_FINISH)
        return status == Z_STREAM_END ? Array(output[..<(output.count - Int(stream.avail_out))]) : []
      }
    }
  }
}
