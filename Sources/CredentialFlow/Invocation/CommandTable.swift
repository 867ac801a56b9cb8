/// Every command, in the order of the help.
enum CommandTable {
  static let all: [Command] =
    [InitCommand.row, ServeCommand.row, MigrateCommand.row] + ConfigCommands.rows + [DoctorCommand.row, VersionCommand.row]
}
