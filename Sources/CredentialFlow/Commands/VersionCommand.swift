internal import JSON

/// `version`: of this program and of every library it runs with.
enum VersionCommand {
  static let row = Command(
    "version", "Prints the versions of the program and its libraries",
    examples: ["version", "version --json"],
    action: .free { invocation, console in
      let versions = LibraryVersions.all
      if invocation.isJSON {
        console.json { json in
          json.object { json in
            json.member("credentialflow", ProgramVersion.text)
            json.member("swift", ProgramVersion.swift)
            json.member("libraries") { $0.object { json in for library in versions { json.member(library.name, library.version) } } }
          }
        }
      } else {
        console.line("credentialflow \(ProgramVersion.text)")
        console.table(["library", "version"], [["Swift", ProgramVersion.swift]] + versions.map { [$0.name, $0.version] })
      }
      return .done
    })
}

enum ProgramVersion {
  static let text = "0.1.0"

  /// Of the compiler that built the program: the standard library is linked into it.
  static var swift: String {
    #if compiler(>=6.4)
      "6.4 or newer"
    #elseif compiler(>=6.3)
      "6.3"
    #else
      "6.2"
    #endif
  }
}
