internal import JSON

/// `migrate`: the database is brought up to this program's schema. Opening the application does it; this says so.
enum MigrateCommand {
  static let row = Command(
    "migrate", "Brings the database up to this program's schema",
    examples: ["migrate", "migrate --data /var/lib/credentialflow --json"],
    action: .application { invocation, console, application in
      if invocation.isJSON {
        console.json { $0.object { $0.member("database", application.databaseName) } }
      } else {
        console.line("\(application.databaseName) is up to date")
      }
      return .done
    })
}
