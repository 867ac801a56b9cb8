/// Every message in every language, read and checked.
package struct Templates: Sendable {
  private let templates: [String: Template]

  package struct Flaw: Error, CustomStringConvertible, Equatable {
    package let file: String
    package let reason: String

    package var description: String { "the template \(file): \(reason)" }

    package init(file: String, reason: String) {
      self.file = file
      self.reason = reason
    }
  }

  /// `source` answers a file's text by its name, such as `code.en.txt`.
  package init(_ source: (String) throws(Flaw) -> String) throws(Flaw) {
    var templates: [String: Template] = [:]
    for kind in MessageKind.allCases {
      for language in Language.allCases {
        let file = Self.file(kind, language)
        let text = try source(file)
        do throws(Template.Flaw) {
          templates[file] = try Template(text, for: kind)
        } catch {
          throw Flaw(file: file, reason: error.description)
        }
      }
    }
    self.templates = templates
  }

  /// `nil` never comes about for what `init` has read; there is nothing to send then.
  package func template(_ kind: MessageKind, _ language: Language) -> Template? { templates[Self.file(kind, language)] }

  package static func file(_ kind: MessageKind, _ language: Language) -> String { "\(kind.rawValue).\(language.rawValue).txt" }
}
