extension StrictParsingTests {
  /// In the spirit of "Parsing JSON is a Minefield": each is refused by RFC 8259 or by our stricter rules.
  static let refusals: [Refusal] = structure + members + numbers + strings + literals + encodings

  private static let structure: [Refusal] = [
    Refusal("", " 1:1"), Refusal(" ", " 1:2"), Refusal("\n\n", " 3:1"), Refusal("[", "/0 1:2"), Refusal("]", " 1:1"), Refusal("{", " 1:2"),
    Refusal("}", " 1:1"), Refusal("[1", " 1:3"), Refusal("[1,", "/1 1:4"), Refusal("[1,]", " 1:3"), Refusal("[,]", "/0 1:2"),
    Refusal("[,1]", "/0 1:2"), Refusal("[1,,2]", "/1 1:4"), Refusal("[1 2]", " 1:4"), Refusal("[1;2]", " 1:3"), Refusal("[1}", " 1:3"),
    Refusal("{]", " 1:2"), Refusal("[[1]", " 1:5"), Refusal("[1]]", " 1:4"), Refusal("{}}", " 1:3"), Refusal("[]{}", " 1:3"),
    Refusal("1 2", " 1:3"), Refusal("{} x", " 1:4"), Refusal("[] // c", " 1:4"), Refusal("/* c */ []", " 1:1"), Refusal("# c\n[]", " 1:1"),
    Refusal("[1,\n2,\n]", " 2:2"), Refusal("[\u{0B}1]"), Refusal("[\u{0C}1]"), Refusal("[\u{A0}1]"), Refusal("[\u{2028}1]"),
    Refusal("<x/>", " 1:1"),
    Refusal("(1)", " 1:1"), Refusal(",", " 1:1"), Refusal(":", " 1:1"), Refusal("[:]", "/0 1:2"), Refusal("[\"a\": 1]", " 1:5"),
    Refusal("[1]x", " 1:4"),
  ]

  private static let members: [Refusal] = [
    Refusal(#"{"a"}"#, " 1:5"), Refusal(#"{"a":}"#, "/a 1:6"), Refusal(#"{"a":1,}"#, " 1:7"), Refusal(#"{,}"#, " 1:2"),
    Refusal(#"{,"a":1}"#, " 1:2"),
    Refusal(#"{"a":1,,"b":2}"#, " 1:8"), Refusal(#"{"a":1 "b":2}"#, " 1:8"), Refusal(#"{a:1}"#, " 1:2"), Refusal(#"{'a':1}"#, " 1:2"),
    Refusal(#"{1:1}"#, " 1:2"), Refusal(#"{null:1}"#, " 1:2"), Refusal(#"{"a",1}"#, " 1:5"), Refusal(#"{"a"::1}"#, "/a 1:6"),
    Refusal(#"{"a":1:2}"#, " 1:7"), Refusal(#"{"a" 1}"#, " 1:6"), Refusal(#"{"a":1"#, " 1:7"), Refusal(#"{"a":"#, "/a 1:6"),
    Refusal(#"{"a""#, " 1:5"),
    Refusal(#"{"a":1,"a":2}"#, "/a 1:8"), Refusal(#"{"a":1,"b":2,"a":1}"#, "/a 1:14"), Refusal(#"{"x":{"a":1,"a":1}}"#, "/x/a 1:13"),
    Refusal(#"{"a":1,"\u0061":2}"#, "/a 1:8"), Refusal(#"{"\u0061":1,"a":2}"#, "/a 1:13"), Refusal(#"{"":1,"":2}"#, "/ 1:7"),
    Refusal(#"[{"b":1},{"b":1,"b":2}]"#, "/1/b 1:17"), Refusal("{\"password\":\"x\",\n\"password\":\"y\"}", "/password 2:1"),
    Refusal(#"{"a":1,"a"#), Refusal(#"{"a":1, b:2}"#, " 1:9"), Refusal(#"{"a":[1,2}"#, "/a 1:10"),
  ]

  private static let numbers: [Refusal] = [
    Refusal("-", " 1:2"), Refusal("+1", " 1:1"), Refusal("01", " 1:1"), Refusal("-01", " 1:1"), Refusal("00", " 1:1"),
    Refusal("1.", " 1:3"),
    Refusal(".5", " 1:1"), Refusal("-.5", " 1:2"), Refusal("1.e1", " 1:3"), Refusal("1e", " 1:3"), Refusal("1e+", " 1:4"),
    Refusal("1e-", " 1:4"),
    Refusal("1E1.5", " 1:4"), Refusal("1.2.3", " 1:4"), Refusal("0x10", " 1:2"), Refusal("1_000", " 1:2"), Refusal("--1", " 1:2"),
    Refusal("1-1", " 1:2"),
    Refusal("NaN", " 1:1"), Refusal("Infinity", " 1:1"), Refusal("-Infinity", " 1:2"), Refusal("inf", " 1:1"),
    Refusal("9223372036854775808", " 1:1"),
    Refusal("-9223372036854775809", " 1:1"), Refusal(#"{"n":99999999999999999999}"#, "/n 1:6"), Refusal("1e309", " 1:1"),
    Refusal("[-1e400]", "/0 1:2"),
    Refusal("１", " 1:1"), Refusal("1a", " 1:2"), Refusal("1.0f", " 1:4"), Refusal(String(repeating: "1", count: 400), " 1:1"),
    Refusal("$1", " 1:1"),
  ]

  private static let strings: [Refusal] = [
    Refusal("\"", " 1:2"), Refusal("\"a", " 1:3"), Refusal("'a'", " 1:1"), Refusal("\"a\n\"", " 1:3"), Refusal("\"\t\"", " 1:2"),
    Refusal("\"\u{0}\"", " 1:2"),
    Refusal("\"\u{1F}\"", " 1:2"), Refusal(#""\x41""#, " 1:2"), Refusal(#""\a""#, " 1:2"), Refusal(#""\'""#, " 1:2"),
    Refusal(#""\0""#, " 1:2"),
    Refusal(#""\u""#, " 1:4"), Refusal(#""\u12""#, " 1:6"), Refusal(#""\u12G4""#, " 1:6"), Refusal(#""\U0041""#, " 1:2"),
    Refusal(#""\u+041""#, " 1:4"),
    Refusal(#""\u0000""#, " 1:2"), Refusal(#""a\u0000b""#, " 1:3"), Refusal(#""\"#, " 1:3"), Refusal(#""\""#, " 1:4"), Refusal(#""\\\""#),
    Refusal(#""\ud800""#, " 1:2"), Refusal(#""\uDFFF""#, " 1:2"), Refusal(#""\udc00\ud800""#, " 1:2"), Refusal(#""\ud800\ud800""#, " 1:2"),
    Refusal(#""\ud83d\u0041""#, " 1:2"), Refusal(#""\ud83dx""#, " 1:2"), Refusal(#""\ud83d\n""#, " 1:2"), Refusal(#""\ud83d\ude""#),
    Refusal(#"{"\ud800":1}"#, " 1:3"),
    Refusal(#"{"a\u0000":1}"#, " 1:4"), Refusal(#""a" "b""#, " 1:5"), Refusal(#""\u 041""#),
  ]

  private static let literals: [Refusal] = [
    Refusal("tru", " 1:1"), Refusal("True", " 1:1"), Refusal("TRUE", " 1:1"), Refusal("nul", " 1:1"), Refusal("None", " 1:1"),
    Refusal("undefined", " 1:1"),
    Refusal("fals", " 1:1"), Refusal("truex", " 1:5"), Refusal("nullnull", " 1:5"), Refusal("[true,flase]", "/1 1:7"), Refusal("t", " 1:1"),
    Refusal("yes", " 1:1"),
  ]

  private static let encodings: [Refusal] = [
    Refusal([0xEF, 0xBB, 0xBF, 0x7B, 0x7D], " 1:1"), Refusal([0xEF, 0xBB, 0xBF]), Refusal([0xFF, 0xFE, 0x7B, 0, 0x7D, 0]),
    Refusal([0xFE, 0xFF, 0, 0x7B, 0, 0x7D]),
    Refusal([0x7B, 0, 0x7D, 0], " 1:2"), Refusal([0, 0x7B, 0, 0x7D], " 1:1"), Refusal([0x5B, 0, 0, 0, 0x5D, 0, 0, 0]),
    Refusal([0x22, 0x80, 0x22], " 1:2"),
    Refusal([0x22, 0xC0, 0xAF, 0x22]), Refusal([0x22, 0xC1, 0x81, 0x22]), Refusal([0x22, 0xE0, 0x80, 0xAF, 0x22]),
    Refusal([0x22, 0xED, 0xA0, 0x80, 0x22]),
    Refusal([0x22, 0xF0, 0x80, 0x80, 0xAF, 0x22]), Refusal([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22]),
    Refusal([0x22, 0xF5, 0x80, 0x80, 0x80, 0x22]),
    Refusal([0x22, 0xE2, 0x82, 0x22]), Refusal([0x22, 0xE2, 0x82]), Refusal([0x22, 0xFF, 0x22]), Refusal([0x22, 0xC3, 0x28, 0x22]),
    Refusal([0x5B, 0xFF, 0x5D]),
    Refusal([0x7B, 0x22, 0xE9, 0x22, 0x3A, 0x31, 0x7D], " 1:3"),
  ]

  static let good = [
    "{}", "[]", "null", "true", "false", "0", "-0", "1", "-1", "1.5", "-1.5e10", "1E+2", "1e-400", "123456789012345678",
    "9223372036854775807",
    "-9223372036854775808", "0.0", "0e1", "-0.0", "1.7976931348623157e308", "5e-324", "\"\"", "\"a\"", "\" \"", "\"\u{7F}\"", "\"é€😀\"",
    #""\"\\\/\b\f\n\r\t""#,
    #""\u0041""#, #""\u00e9""#, #""\uD83D\uDE00""#, #""\uFFFF""#, #""\u0001""#, "\"\u{FFFE}\"", "\"\u{10FFFF}\"", "\"\u{FEFF}\"", "[1]",
    "[1,2]", "[ 1 , 2 ]",
    "[[],{}]", "\t[\r\n]\n ", #"{"a":1}"#, #"{"a":1,"A":2}"#, #"{"":1}"#, #"{"a":{"a":{"a":1}}}"#, #"{"a":[{"a":1},{"a":2}]}"#,
    "{\"\u{E9}\":1,\"e\u{301}\":2}",
    #"{"a b":1,"a  b":2}"#, #"[null,true,false,0,"",[],{}]"#, #"{"x":"\u0022"}"#, #"["\\u0000"]"#, " 1 ",
    #"{"__proto__":1,"constructor":2}"#, #"["a","a"]"#,
  ]
}
