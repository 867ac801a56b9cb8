/// Part of a list in keyset order: what comes after it is asked for by the key of its last item, so that rows which come or go
/// meanwhile neither repeat nor hide others.
package struct Page<Item: Sendable>: Sendable {
  package let items: [Item]
  /// What to ask for the items after these; `nil` where there are none.
  package let next: String?

  /// `rows` are read with a limit of one more than `limit`, which tells whether more follow.
  package init(_ rows: [Item], limit: Int, key: (Item) -> String) {
    items = Array(rows.prefix(limit))
    next = rows.count > limit ? items.last.map(key) : nil
  }

  /// A list that is short by nature, whole.
  package init(whole items: [Item]) {
    self.items = items
    next = nil
  }

  /// The same page with another spelling of `next`.
  package func mappingNext(_ spell: (String) -> String) -> Page { Page(items: items, next: next.map(spell)) }

  private init(items: [Item], next: String?) {
    self.items = items
    self.next = next
  }
}
