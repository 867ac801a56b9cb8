internal import Defaults
internal import JSON
internal import Persistence
internal import Primitives

/// `init`: makes the data folder and what belongs in it, leaves what is there, and says which was which.
enum InitCommand {
  static let row = Command(
    "init", "Makes the data folder with configuration, master key and database",
    examples: ["init", "init --data ./data --json"],
    action: .folder { invocation, console, installation in
      let made = try await prepare(installation)
      if invocation.isJSON {
        console.json { json in
          json.object { json in
            json.member("data", installation.folder.path)
            json.member("made", made.filter(\.isNew).map(\.path))
            json.member("kept", made.filter { !$0.isNew }.map(\.path))
          }
        }
      } else {
        for item in made { console.line("\(item.isNew ? "made " : "there") \(item.path)") }
      }
      return .done
    })

  private struct Item {
    let path: String
    let isNew: Bool
  }

  private static func prepare(_ installation: Installation) async throws -> [Item] {
    let folder = installation.folder
    var items = [Item(path: folder.path, isNew: try folder.create())]
    guard let lock = try FolderLock.acquire(folder) else {
      throw Refusal("\(folder.path) is in use by a running server or another command: it is there already")
    }
    defer { lock.release() }
    let configuration = try FileBytes.create(folder.configurationPath, DefaultConfiguration.bytes, mode: 0o600)
    items.append(Item(path: folder.configurationPath, isNew: configuration))
    let masterKey = try MasterKeyFile(installation).make()
    items.append(Item(path: masterKey.place, isNew: masterKey.isNew))
    let isNewDatabase = !FileBytes.exists(folder.databasePath)
    let application = try await Application.open(installation, configuration: try installation.load().configuration)
    await application.close()
    items.append(Item(path: application.databaseName, isNew: isNewDatabase && application.configuration.database.isFile))
    return items
  }
}
