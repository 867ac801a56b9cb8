import Testing

@testable import Transport

struct CertificateChoiceTests {
  private static let choice = CertificateChoice([
    (names: ["localhost", "a.example"], kind: "EC"), (names: ["a.example"], kind: "RSA"), (names: ["*.b.example"], kind: "EC"),
    (names: ["x.b.example"], kind: "RSA"), (names: ["x.b.example", "localhost", "a.example"], kind: "EC"),
    (names: ["localhost", "a.example", "y.b.example"], kind: "RSA"), (names: [], kind: "EC"),
  ])

  @Test(
    "of each kind of key the first that is for the name, its own before a wildcard",
    arguments: [
      ("a.example", [0, 1]), ("localhost", [0, 5]), ("x.b.example", [3, 4]), ("y.b.example", [5, 2]), ("z.b.example", [2]),
      ("b.example", nil), ("q.x.b.example", nil), ("example", nil), ("", nil), ("*.b.example", [2]),
    ] as [(String, [Int]?)])
  func chooses(name: String, expected: [Int]?) { #expect(Self.choice.set(for: name).map { Self.choice.sets[$0] } == expected) }

  @Test("clients that name none are shown the first, and of another kind what is for all of its names")
  func unnamed() {
    #expect(Self.choice.sets.first == [0, 5])
    #expect(CertificateChoice([(names: [], kind: "EC"), (names: ["a"], kind: "RSA")]).sets.first == [0])
    #expect(CertificateChoice([]).sets.isEmpty)
  }
}
