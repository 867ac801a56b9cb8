import JSON
import Primitives
import Testing

@testable import Delivery

@Suite("Templates")
struct TemplateTests {
  private static let source = """
    [subject]
    Code of {{product}}
    [text]
    {{code}} for {{minutes}} minutes
    [html]
    <p title="{{product}}">{{code}}</p>
    [sms]
    {{code}}
    """

  @Test("a value is escaped as its section asks, and is never a placeholder itself")
  func values() throws {
    let template = try Template(Self.source, for: .code)
    let values = MessageValues([.product: "<b>&'\"{{code}}", .code: "123456", .minutes: "10"])
    let written = template.mail(values)
    #expect(written.subject.text == "Code of <b>&'\"{{code}}")
    #expect(written.text == "123456 for 10 minutes")
    #expect(written.html == "<p title=\"&lt;b&gt;&amp;&#39;&quot;{{code}}\">123456</p>")
    #expect(template.sms(values)?.text == "123456")
    #expect(template.sms(MessageValues([.code: "a → b"]))?.text == "a -> b")
  }

  @Test("a value is one line, whatever was in it")
  func lines() throws {
    let written = try Template(Self.source, for: .code).mail(MessageValues([.code: "1\r\n2\u{202E}3"]))
    #expect(written.text == "1  2 3 for  minutes")
  }

  @Test(
    "what is wrong with a template is said where it is read",
    arguments: [
      ("{{code}}", "{{cod}}", "unknown placeholder {{cod}}"), ("{{code}}", "{{link}}", "unknown placeholder {{link}}"),
      ("{{code}}", "{{ code }}", "unknown placeholder"), ("{{code}}", "{{code", "'{{' without '}}'"),
      ("{{code}}", "code}}", "'}}' without"),
      ("[html]", "[htm]", "the section [html] is missing"), ("[sms]", "[text]", "stands there twice"),
      ("[subject]", "hello\n[subject]", "text before"),
    ])
  func flaws(old: String, new: String, message: String) {
    #expect {
      try Template(Self.source.replacing(old, with: new), for: .code)
    } throws: { "\($0)".contains(message) }
  }

  @Test("values come out of storage as they went in")
  func stored() throws {
    let values = MessageValues([.code: "123456", .link: "https://example.com/?a=1&b=\"2\"", .username: "jörg"])
    let read = try #require(MessageValues(values.bytes))
    for placeholder in Placeholder.allCases { #expect(read[placeholder] == values[placeholder]) }
    #expect(MessageValues(Secret(copying: Array(#"{"nobody":"x"}"#.utf8))) == nil)
  }

  @Test("no value ends the JSON string that it stands in", arguments: ["a\"b", "a\\", "\n", "\u{1}", "{{to}}", "ü😀"])
  func json(text: String) throws {
    let template = try #require(JSONTemplate(#"{"a": ["{{to}}"], "b": {"c": "x {{text}} y"}}"#))
    let filled = try JSONValue(parsing: template.filled(to: "+49170", text: text))
    #expect(filled["a"]?.elements?.first?.string == "+49170")
    #expect(filled["b"]?["c"]?.string == "x \(text) y")
  }

  @Test(
    "a body that is not JSON whatever is inserted is refused",
    arguments: ["{{to}}", "{\"a\": {{text}}}", "{\"a\": \"{{other}}\"}", "{\"a\": \"{{to\"}", "{"])
  func notJSON(source: String) { #expect(JSONTemplate(source) == nil) }

  @Test("requests elsewhere go over TLS, or stay on this machine")
  func addresses() {
    for good in [
      "https://api.example.com/x?y=1", "http://127.0.0.1:8080/", "http://[::1]:1/", "http://localhost/x", "https://[2001:db8::1]/",
    ] {
      #expect(HTTPSAddress(good) != nil, "\(good)")
    }
    for bad in [
      "http://example.com/", "http://127.0.0.1.example.com/", "http://localhost@example.com/", "http://127.0.0.1:x/", "ftp://example.com/",
      "https://", "https://user:password@example.com/", "https://example.com/\r\nX: y", "https://example.com/ x", "file:///etc/passwd",
      "https://example.com\\@127.0.0.1/", "https://example.com/#x", "http://127.0.0.1:99999/", "http://0x7f.1/",
    ] {
      #expect(HTTPSAddress(bad) == nil, "\(bad)")
    }
  }

  @Test("a header holds no line end")
  func headers() {
    #expect(HTTPSHeader("Authorization", "Bearer x") != nil)
    for (name, value) in [("A B", "x"), ("A", "x\r\nB: y"), ("", "x"), ("A:", "x"), ("A", "x\u{0}")] {
      #expect(HTTPSHeader(name, value) == nil)
    }
  }
}
