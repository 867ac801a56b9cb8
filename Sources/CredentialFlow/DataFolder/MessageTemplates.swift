internal import Defaults
internal import Delivery
internal import Primitives

extension Installation {
  /// Every message to people: the data folder's `templates/NAME.LANGUAGE.txt` where it is there, or what stands in the program.
  func templates() throws(Templates.Flaw) -> Templates {
    for file in FileBytes.names(in: folder.templatesPath) where file.hasSuffix(".txt") && DefaultTemplates.bytes(file) == nil {
      let known = MessageKind.allCases.flatMap { kind in Language.allCases.map { Templates.file(kind, $0) } }
      let hint = Spelling.nearest(to: file, among: known).map { "; did you mean '\($0)'?" } ?? ""
      throw Templates.Flaw(file: "\(folder.templatesPath)/\(file)", reason: "no message is called so" + hint)
    }
    return try Templates { file throws(Templates.Flaw) in
      let path = "\(folder.templatesPath)/\(file)"
      var bytes = DefaultTemplates.bytes(file)
      if FileBytes.exists(path) {
        do throws(Refusal) {
          bytes = try FileBytes.read(path, limit: Template.largest)
        } catch {
          throw Templates.Flaw(file: path, reason: error.description)
        }
      }
      guard let text = bytes.flatMap({ String(validating: $0, as: UTF8.self) }) else {
        throw Templates.Flaw(file: path, reason: "not UTF-8, or not there")
      }
      return text
    }
  }
}
