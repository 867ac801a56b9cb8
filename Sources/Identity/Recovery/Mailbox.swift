/// Whether two addresses may be one mailbox: letters in either case, what stands behind a plus, and dots before the `@` are taken for
/// nothing, and a service's names for one another, as great mail services do. What is wrongly held for one mailbox only keeps a factor
/// from counting.
enum Mailbox {
  static func areSame(_ one: String, _ other: String) -> Bool { plain(one) == plain(other) }

  /// Of what is no mail address, the text in lower case.
  static func plain(_ address: String) -> String {
    let halves = address.lowercased().split(separator: "@", omittingEmptySubsequences: false)
    guard let local = halves.first, let domain = halves.last.map(String.init), halves.count == 2 else { return address.lowercased() }
    return local.prefix { $0 != "+" }.filter { $0 != "." } + "@" + (sameService[domain] ?? domain)
  }

  /// The mailbox's plainest name: without what stands behind a plus, in lower case; dots count for nothing only where the service says so.
  /// Of two people whose addresses differ nobody's is the other's.
  static func plainest(_ address: String) -> (text: String, spelling: Spelling) {
    let text = address.lowercased()
    let halves = text.split(separator: "@", omittingEmptySubsequences: false)
    guard let local = halves.first, let domain = halves.last.map(String.init), halves.count == 2 else { return (text, .plainest) }
    let (name, first) = (local.prefix { $0 != "+" }, sameService[domain] ?? domain)
    let plain = first == "gmail.com" ? String(name.filter { $0 != "." }) : String(name)
    let mailbox = plain + "@" + first
    return (mailbox, name.count < local.count ? .tagged : mailbox == text ? .plainest : .other)
  }

  enum Spelling: UInt8 {
    case plainest
    /// With a plus.
    case tagged
    /// With dots, or another name of the service: as its owner may write it, among others.
    case other
  }

  /// Domains under which a service delivers to the same mailbox as under its first name.
  private static let sameService: [String: String] = Dictionary(
    uniqueKeysWithValues: [
      ["gmail.com", "googlemail.com"], ["icloud.com", "me.com", "mac.com"], ["proton.me", "protonmail.com", "protonmail.ch", "pm.me"],
      ["yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua"], ["gmx.net", "gmx.de", "gmx.at", "gmx.ch"],
      ["hey.com", "hey.email"], ["tutanota.com", "tuta.com", "tutamail.com", "tuta.io", "keemail.me"],
    ].flatMap { names in names.map { ($0, names[0]) } })
}
