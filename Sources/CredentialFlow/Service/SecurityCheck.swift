internal import Primitives
internal import Telemetry
internal import Transport

/// What `doctor` says of TLS.
extension SystemCheck {
  /// Certificates, keys and their files, of both listeners.
  static func security(_ installation: Installation) -> Finding {
    do {
      let settings = installation.security(try installation.load().configuration)
      var told: [String] = []
      for (listener, settings) in [("public", settings.world), ("operations", settings.operations)] where settings.isEnabled {
        let keys = files(settings.certificates.map(\.keyFile), mode: 0o600, isRequired: false)
        guard keys.isGood else { return keys }
        let live = try LiveTLS(settings, listener: listener, protocols: [.http1], log: .discarding, now: .system)
        guard live.isForHost else { return .bad("\(listener): no certificate is for \(settings.host), where publicURL leads") }
        for certificate in live.certificates {
          if let fault = certificate.fault(at: Now.system()) { return .bad("\(fault); renew it") }
          let days = certificate.daysLeft(at: Now.system())
          guard days >= 14 else { return .bad("\(certificate.title) ends in \(days) days; renew it") }
          told.append("\(listener): \(certificate.title), \(days) days left, the key fits")
        }
      }
      return .good(told.isEmpty ? "none; what stands in front has to speak it" : told.joined(separator: "; "))
    } catch {
      return .bad("\(error)")
    }
  }
}
