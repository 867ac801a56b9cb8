/// Whether two addresses may be one mailbox: letters in either case, what stands behind a plus, and dots before the `@` are taken for
/// nothing, as great mail services do. What is wrongly held for one mailbox only keeps a factor from counting.
enum Mailbox {
  static func areSame(_ one: String, _ other: String) -> Bool { plain(one) == plain(other) }

  private static func plain(_ address: String) -> [Substring] {
    let halves = address.lowercased().split(separator: "@", omittingEmptySubsequences: false)
    guard let local = halves.first, let domain = halves.last, halves.count == 2 else { return halves }
    return local.prefix { $0 != "+" }.split(separator: ".") + ["@", domain]
  }
}
