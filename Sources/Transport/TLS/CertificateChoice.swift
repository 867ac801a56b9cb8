/// Which certificates answer for which server names: of each kind of key the first that is for the name, so that what a client can
/// decides among them. One that is for the very name comes before one with a wildcard.
struct CertificateChoice: Equatable {
  /// Indices of certificates that are shown together, all different. The first set is for clients that name no server, or one that none
  /// is for.
  private(set) var sets: [[Int]] = []
  /// Names as certificates have them: `*.example.com` too.
  private(set) var setOfName: [String: Int] = [:]

  private let kinds: [String]

  init(_ certificates: [(names: [String], kind: String)]) {
    kinds = certificates.map(\.kind)
    var holders: [String: [Int]] = [:]
    for (index, certificate) in certificates.enumerated() {
      for name in Set(certificate.names) { holders[name, default: []].append(index) }
    }
    func isFor(_ name: String) -> [Int] { (holders[name] ?? []) + (Self.wildcard(for: name).flatMap { holders[$0] } ?? []) }
    guard let first = certificates.first else { return }
    // Of another kind only what is for all that the first is for.
    var alike = Set(first.names.first.map(isFor) ?? [])
    for name in first.names.dropFirst() { alike.formIntersection(isFor(name)) }
    _ = add([0] + alike.sorted())
    for name in holders.keys.sorted() { setOfName[name] = add(isFor(name)) }
  }

  /// The set for what a client asks for; `nil` where none is.
  func set(for name: String) -> Int? { setOfName[name] ?? Self.wildcard(for: name).flatMap { setOfName[$0] } }

  /// `*.example.com` for `www.example.com`: a wildcard stands for one whole label (RFC 6125, section 6.4.3).
  private static func wildcard(for name: String) -> String? {
    guard !name.hasPrefix("*"), let dot = name.firstIndex(of: ".") else { return nil }
    return "*" + name[dot...]
  }

  private mutating func add(_ candidates: [Int]) -> Int {
    var chosen: [Int] = []
    for index in candidates where !chosen.contains(where: { kinds[$0] == kinds[index] }) { chosen.append(index) }
    if let known = sets.firstIndex(of: chosen) { return known }
    sets.append(chosen)
    return sets.count - 1
  }
}
