internal import JSON

/// `doctor`: looks for what would go wrong, each line ok or what to do.
enum DoctorCommand {
  static let row = Command(
    "doctor", "Checks libraries, files, clock, disk, configuration, database and keys",
    examples: ["doctor", "doctor --json"],
    action: .inspection { invocation, console, installation, application in
      var findings: [(name: String, finding: Finding)] = []
      for check in SystemCheck.all { findings.append((check.name, check.run(installation))) }
      switch application {
      case .success(let application):
        for check in ApplicationCheck.all { findings.append((check.name, await check.run(application))) }
      case .failure(let error):
        findings.append(("application", .bad("it does not open: \(error)")))
      }
      if invocation.isJSON { show(asJSON: findings, on: console) } else { show(findings, on: console) }
      return findings.allSatisfy(\.finding.isGood) ? .done : .refused
    })

  private static func show(_ findings: [(name: String, finding: Finding)], on console: Console) {
    let width = findings.map(\.name.count).max() ?? 0
    for (name, finding) in findings {
      let padding = String(repeating: " ", count: width - name.count)
      switch finding {
      case .good(let detail): console.line("ok    \(name)\(padding)  \(detail)")
      case .bad(let advice): console.line("FAIL  \(name)\(padding)  \(advice)")
      }
    }
  }

  private static func show(asJSON findings: [(name: String, finding: Finding)], on console: Console) {
    console.json { json in
      json.object { json in
        json.member("ok", findings.allSatisfy(\.finding.isGood))
        json.member("checks") { json in
          json.array(findings) { json, entry in
            json.object {
              $0.member("name", entry.name)
              $0.member("ok", entry.finding.isGood)
              $0.member("detail", entry.finding.detail)
            }
          }
        }
      }
    }
  }
}

/// What a check found.
enum Finding: Sendable, Equatable {
  /// With what was found.
  case good(String)
  /// With what to do.
  case bad(String)

  var isGood: Bool { if case .good = self { true } else { false } }

  var detail: String {
    switch self {
    case .good(let text), .bad(let text): text
    }
  }
}
