internal import Identity
internal import JSON
internal import Primitives
internal import Tokens

/// `token …`: looking into access tokens.
enum TokenCommands {
  static let rows = [inspect, verify]

  private static let token = Command.Argument("TOKEN", "the token, or - to read it from standard input, where no other user sees it")
  private static let input = Command.Input.standardInputForDash(limit: 16_384)

  private static let inspect = Command(
    "token inspect", "Shows what a token says, WITHOUT checking it", arguments: [token], examples: ["token inspect -"], input: input,
    action: .free { invocation, console in
      let token: UnverifiedToken
      do {
        token = try UnverifiedToken(parsing: try text(invocation, console))
      } catch let error as TokenError {
        throw Refusal("this is no token: \(error)")
      }
      console.note("not verified: anybody could have written this; 'token verify' checks it")
      console.line(String(decoding: token.payload, as: UTF8.self))
      return .done
    })

  private static let verify = Command(
    "token verify", "Checks a token's signature, time, issuer, use and audience; not whether its session has ended", arguments: [token],
    options: [.value("audience", "A", "for whom it must be meant (default: this server)")],
    examples: ["token verify -", "token verify - --audience https://api.example.com"], input: input,
    action: .application { invocation, console, application in
      let token = try text(invocation, console)
      switch application.tokens.inspect(token, audience: invocation.value("audience")) {
      case .good(let claims):
        if invocation.isJSON {
          console.json { json in json.object { $0.member("valid", true) } }
        } else {
          console.line("good until \(claims.expiresAt.rfc3339())")
        }
        return .done
      case .bad(let reason):
        if invocation.isJSON {
          console.json { json in
            json.object { json in
              json.member("valid", false)
              json.member("reason", "\(reason)")
            }
          }
        } else {
          console.line("refused: \(reason.sentence)")
        }
        return .refused
      }
    })

  private static func text(_ invocation: Invocation, _ console: Console) throws -> [UInt8] {
    let word = try invocation.argument("TOKEN")
    guard word == "-" else { return Array(word.utf8) }
    guard let input = console.standardInput else { throw Refusal("nothing came on standard input") }
    var bytes = input.withBytes { Array($0) }
    while let last = bytes.last, last == 10 || last == 13 || last == 32 { bytes.removeLast() }
    return bytes
  }
}

extension TokenError {
  /// For a person.
  fileprivate var sentence: String {
    switch self {
    case .tooLong: "it is longer than any token of this server"
    case .malformed: "it is no token: three parts of base64url, of which the first two hold JSON"
    case .unsupportedAlgorithm: "its algorithm is none that this server signs with"
    case .forbiddenHeader: "its header names a key of its own, or something that must be understood and is not"
    case .unknownKey: "its key is none of this server's; 'key list' shows them"
    case .algorithmMismatch: "its key is for another algorithm than its header says"
    case .wrongType: "its typ is none of an access token"
    case .badSignature: "its signature is not right"
    case .wrongIssuer: "another issuer made it"
    case .wrongAudience: "it is meant for another audience; --audience says for which it is checked"
    case .wrongUse: "it is no access token"
    case .expired: "it is over"
    case .notYetValid: "it is not good yet"
    case .noActiveKey, .tooManyClaims, .signingFailed: "\(self)"
    }
  }
}
