/// Every command, in the order of the help.
enum CommandTable {
  static let all: [Command] = [
    [InitCommand.row, ServeCommand.row, MigrateCommand.row],
    UserCommands.rows, RoleCommands.rows, SeparationCommands.rows, AppCommands.rows, APIKeyCommands.rows, SessionCommands.rows,
    KeyCommands.rows, TokenCommands.rows, RuleCommands.rows, OutboxCommands.rows,
    AuditCommands.rows, ConfigCommands.rows, [DoctorCommand.row, VersionCommand.row],
  ].flatMap(\.self)
}
