import Primitives
import Testing

struct SecretTests {
  @Test("a secret does not show itself, however it is printed")
  func printing() {
    let secret = Secret(copying: "hunter2".utf8)
    var dumped = ""
    dump(secret, to: &dumped)
    struct Holder { let secret: Secret }
    for text in [
      "\(secret)", String(reflecting: secret), String(describing: Optional(secret)), dumped, "\(Holder(secret: secret))", "\([secret])",
    ] {
      #expect(!text.contains("hunter2") && text.contains("secret"))
    }
  }

  @Test("secrets are equal where all their bytes are")
  func equality() {
    let secret = Secret(copying: [1, 2, 3])
    #expect(secret.isEqual(to: Secret(copying: [1, 2, 3])))
    for other in [[1, 2], [1, 2, 4], [0, 2, 3], [1, 2, 3, 4], []] as [[UInt8]] { #expect(!secret.isEqual(to: Secret(copying: other))) }
    #expect(Secret(copying: []).isEqual(to: Secret(copying: [])))
    #expect(ConstantTime.areEqual([], []) && !ConstantTime.areEqual([1], []))
  }

  @Test("wiping leaves nothing of the array")
  func wiping() {
    var bytes: [UInt8] = [1, 2, 3]
    Secret.wipe(&bytes)
    #expect(bytes.isEmpty)
    var nothing: [UInt8] = []
    Secret.wipe(&nothing)
  }

  @Test("an error while a secret is filled reaches the caller")
  func failingFill() {
    struct Failure: Error {}
    #expect(throws: Failure.self) { try Secret(count: 8) { _ in throw Failure() } }
  }
}
