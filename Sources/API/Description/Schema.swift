internal import JSON

/// A JSON Schema (2020-12, as OpenAPI 3.1 has it), as far as this API needs it.
struct Schema: Sendable {
  let write: @Sendable (inout JSONWriter) -> Void

  /// A member of an object.
  struct Member: Sendable {
    let name: String
    let schema: Schema
    let isRequired: Bool

    static func always(_ name: String, _ schema: Schema) -> Member { Member(name: name, schema: schema, isRequired: true) }
    static func maybe(_ name: String, _ schema: Schema) -> Member { Member(name: name, schema: schema, isRequired: false) }
  }

  /// `lengths` are in characters.
  static func string(
    _ description: String = "", format: String? = nil, oneOf values: [String] = [], lengths: ClosedRange<Int>? = nil
  ) -> Schema {
    typed("string", description) { json in
      json.member("format", ifPresent: format)
      if !values.isEmpty { json.member("enum", values) }
      if let lengths {
        json.member("minLength", lengths.lowerBound)
        json.member("maxLength", lengths.upperBound)
      }
    }
  }

  static func integer(_ description: String = "", in range: ClosedRange<Int>? = nil) -> Schema {
    typed("integer", description) { json in
      guard let range else { return }
      json.member("minimum", range.lowerBound)
      json.member("maximum", range.upperBound)
    }
  }

  static func boolean(_ description: String = "") -> Schema { typed("boolean", description) }

  static func array(of items: Schema, _ description: String = "") -> Schema {
    typed("array", description) { json in json.member("items", items.write) }
  }

  /// `isOpen`: whether members may come that are not named here; answers may grow, inputs are refused.
  static func object(_ members: [Member], _ description: String = "", isOpen: Bool = true) -> Schema {
    typed("object", description) { json in
      json.member("properties") { json in
        json.object { json in for member in members { json.member(member.name, member.schema.write) } }
      }
      let required = members.filter(\.isRequired).map(\.name)
      if !required.isEmpty { json.member("required", required) }
      if !isOpen { json.member("additionalProperties", false) }
    }
  }

  /// The body of a request: whatever is not named is refused.
  static func input(_ members: [Member], _ description: String = "") -> Schema { object(members, description, isOpen: false) }

  /// An object whose members are named by what they hold.
  static func map(of values: Schema, _ description: String = "") -> Schema {
    typed("object", description) { json in json.member("additionalProperties", values.write) }
  }

  static func named(_ name: SchemaName) -> Schema {
    Schema { json in json.object { $0.member("$ref", "#/components/schemas/\(name.rawValue)") } }
  }

  /// In a merge patch: `null` removes the member.
  static func orNull(_ schema: Schema) -> Schema {
    Schema { json in
      json.object { json in
        json.member("anyOf") { json in
          json.array([schema, Schema { json in json.object { $0.member("type", "null") } }]) { json, schema in schema.write(&json) }
        }
      }
    }
  }

  static func page(of items: Schema) -> Schema {
    object([
      .always("items", array(of: items)), .maybe("next", string("What to give as 'after' for the next page; absent at the end.")),
    ])
  }

  static let identifier = string(format: "uuid")
  static let time = string(format: "date-time")
  static let strings = array(of: string())

  private static func typed(
    _ type: String, _ description: String, _ more: @escaping @Sendable (inout JSONWriter) -> Void = { _ in }
  ) -> Schema {
    Schema { json in
      json.object { json in
        json.member("type", type)
        if !description.isEmpty { json.member("description", description) }
        more(&json)
      }
    }
  }
}
