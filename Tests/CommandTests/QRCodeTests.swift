import API
import Testing

@testable import CredentialFlow

@Suite struct QRCodeTests {
  @Test("a code has a quiet zone on every side and lines of equal width")
  func shape() throws {
    let lines = try #require(QRCode.lines(for: "otpauth://totp/CredentialFlow:ada?secret=JBSWY3DPEHPK3PXP&issuer=CredentialFlow"))
    let modules = lines.map { $0.filter { "█▀▄ ".contains($0) } }
    #expect(Set(modules.map(\.count)).count == 1)
    #expect(modules.first?.allSatisfy { $0 == " " } == true)
    #expect(modules.allSatisfy { $0.hasPrefix("    ") && $0.hasSuffix("    ") })
    // A finder pattern's upper edge: seven dark modules.
    #expect(modules[2].dropFirst(4).prefix(7) == "█▀▀▀▀▀█")
  }

  @Test("a text that no code can hold gives none")
  func tooLong() {
    #expect(QRCode.lines(for: String(repeating: "x", count: 4000)) == nil)
  }
}
