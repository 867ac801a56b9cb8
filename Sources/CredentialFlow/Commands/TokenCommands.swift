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
          console.line("refused: \(reason)")
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
