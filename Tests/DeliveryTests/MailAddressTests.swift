import Testing

@testable import Delivery

@Suite("Addresses")
struct MailAddressTests {
  @Test(
    "an address has one spelling",
    arguments: [
      ("ann@example.com", "ann@example.com"), ("Ann.O'Neil+news@EXAMPLE.com", "Ann.O'Neil+news@example.com"),
      ("a@b-c.xn--p1ai", "a@b-c.xn--p1ai"),
    ])
  func accepted(typed: String, spelled: String) throws { #expect(MailAddress(typed)?.text == spelled) }

  @Test(
    "whatever could be more than an address is none",
    arguments: [
      "", "ann", "ann@", "@example.com", "ann@example", "ann@@example.com", "ann@example..com", ".ann@example.com", "ann.@example.com",
      "a..b@example.com", "ann@-example.com", "ann@example-.com", "ann@exa_mple.com", "ann@[127.0.0.1]", "ann@127.0.0.1",
      "\"a b\"@example.com",
      "ann@example.com\r\nRCPT TO:<eve@example.com>", "ann@example.com\n", "ann\u{0}@example.com", "ann@example.com>", "<ann@example.com>",
      "ann@example.com,eve@example.com", "ann@example.com eve", "änn@example.com", "ann@exämple.com", "ann(comment)@example.com",
      String(repeating: "a", count: 65) + "@example.com", "a@" + String(repeating: "b.", count: 126) + "com",
    ])
  func refused(typed: String) { #expect(MailAddress(typed) == nil) }

  @Test("a number has one spelling, whatever stands between its digits")
  func numbers() {
    #expect(PhoneNumber("+49 (170) 123-45.67/8")?.text == "+4917012345678")
    for bad in ["", "+", "4917012345678", "+0170123456", "+49", "+1234567890123456", "+49170x12345", "+49170\r\n12345", "++4917012345"] {
      #expect(PhoneNumber(bad) == nil, "\(bad)")
    }
  }

  @Test("a number goes where its country is allowed, and a country's code is not another's that begins alike")
  func countries() throws {
    let countries = try #require(PhoneCountries(["US", "DE", "+4179"]))
    func allows(_ text: String) throws -> Bool { countries.allows(try #require(PhoneNumber(text))) }
    #expect(try allows("+12125550100"))
    #expect(try allows("+4917012345678"))
    #expect(try allows("+41791234567"))
    // Jamaica, Canada, another Swiss network, satellites, premium.
    for other in ["+18765550100", "+14165550100", "+41781234567", "+881612345678", "+979123456789", "+442071234567"] {
      #expect(try !allows(other), "\(other)")
    }
    #expect(try #require(PhoneCountries([])).allows(try #require(PhoneNumber("+4917012345678"))) == false)
    #expect(PhoneCountries(["Germany"]) == nil)
    #expect(PhoneCountries(["+0"]) == nil)
  }
}
