internal import COpenSSL
internal import CTLS
internal import Primitives

/// Everything that the handshakes of one listener need, at one moment. A reload makes another and swaps it whole; whoever has begun
/// with this one ends with it.
///
/// `@unchecked Sendable`: never changed after `init`, and OpenSSL lets any number of threads make connections from one context.
final class TLSContext: @unchecked Sendable {
  /// TLS 1.2 with forward secrecy and authenticated encryption only; the suites of 1.3 have both.
  private static let suites12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    + "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
  private static let suites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
  private static let groups = "X25519:P-256:P-384"

  let certificates: [ServerCertificate]
  let demand: TLSSettings.Demand
  /// What is not right and not wrong enough to refuse, for the operator.
  let warnings: [String]
  /// One `SSL_CTX *` for each set of `choice`.
  private let contexts: [OpaquePointer]
  private let choice: CertificateChoice
  private let staples: [OpaquePointer: OCSPStaple]
  /// As in the extension: each name behind its length.
  private let protocols: UnsafeMutableBufferPointer<UInt8>
  private let tickets: TicketKeys
  private let now: Now

  /// Opens every file that `settings` names. `previous`: what is in force; a certificate whose dates are wrong takes the place of
  /// none, but may be there from the start, since an edge may not mind and the clock may be what is wrong.
  init(
    _ settings: TLSSettings, protocols: [ApplicationProtocol], tickets: TicketKeys, replacing previous: TLSContext?, now: Now
  ) throws(TLSError) {
    var certificates: [ServerCertificate] = []
    for files in settings.certificates { certificates.append(try ServerCertificate(files)) }
    let choice = CertificateChoice(certificates.map { ($0.names, $0.keyType) })
    var warnings = try Self.judge(certificates, replacing: previous, at: now())
    warnings += try Self.judge(choice, certificates, host: settings.host, replacing: previous)
    var staples: [OpaquePointer: OCSPStaple] = [:]
    for (files, certificate) in zip(settings.certificates, certificates) where !files.ocspFile.isEmpty {
      do throws(TLSError) {
        staples[certificate.leaf] = try OCSPStaple(file: files.ocspFile, for: certificate, at: now())
      } catch {
        warnings.append("no OCSP response is stapled: \(error)")
      }
    }
    let authorities = settings.clientCertificate == .off ? nil : try ClientAuthorities(file: settings.clientCA)
    let contexts = try Self.contexts(choice.sets.map { $0.map { certificates[$0] } }, settings, authorities)
    let wire = protocols.flatMap { [UInt8($0.rawValue.utf8.count)] + Array($0.rawValue.utf8) }
    self.protocols = .allocate(capacity: wire.count)
    _ = self.protocols.initialize(from: wire)
    self.certificates = certificates
    self.contexts = contexts
    self.staples = staples
    self.tickets = tickets
    self.warnings = warnings
    self.now = now
    self.choice = choice
    demand = settings.clientCertificate
    for context in contexts { setCallbacks(context) }
  }

  func isFor(_ host: String) -> Bool { choice.set(for: host) != nil }

  deinit {
    for context in contexts { SSL_CTX_free(context) }
    protocols.deallocate()
  }

  /// A server's side on `descriptor`; `nil` where there is no memory.
  func connection(on descriptor: Int32, budget: Int) -> OpaquePointer? { cf_tls_new(contexts[0], descriptor, budget) }

  private static func judge(
    _ certificates: [ServerCertificate], replacing previous: TLSContext?, at now: Instant
  ) throws(TLSError) -> [String] {
    var warnings: [String] = []
    for certificate in certificates {
      let isInForce = previous?.certificates.contains { $0.fingerprint == certificate.fingerprint } ?? true
      if let fault = certificate.fault(at: now) {
        guard isInForce else { throw TLSError(fault) }
        warnings.append(fault)
      }
      if certificate.isSelfSigned { warnings.append("\(certificate.file) is signed by itself; clients have to be told to trust it") }
      if certificate.names.isEmpty { warnings.append("\(certificate.file) is for no DNS name") }
    }
    return warnings
  }

  /// A renewal that is not for the host any more is refused; from the start there may be none for it, since what stands in front may
  /// know this server by another name.
  private static func judge(
    _ choice: CertificateChoice, _ certificates: [ServerCertificate], host: String, replacing previous: TLSContext?
  ) throws(TLSError) -> [String] {
    let shown = Set(choice.sets.joined())
    var warnings = certificates.indices.filter { !shown.contains($0) }.map {
      "\(certificates[$0].file) is never shown: others with the same kind of key come before it for all of its names"
    }
    if !host.isEmpty, choice.set(for: host) == nil {
      let fault = "no certificate is for \(host), where publicURL leads"
      guard previous?.choice.set(for: host) == nil else { throw TLSError(fault) }
      warnings.append(fault)
    }
    return warnings
  }

  private static func contexts(
    _ sets: [[ServerCertificate]], _ settings: TLSSettings, _ authorities: ClientAuthorities?
  ) throws(TLSError) -> [OpaquePointer] {
    var contexts: [OpaquePointer] = []
    do throws(TLSError) {
      for certificates in sets {
        guard let context = cf_tls_context_new() else { throw TLSError.library("no TLS") }
        contexts.append(context)
        try configure(context, settings, authorities)
        for certificate in certificates { try use(certificate, in: context) }
      }
    } catch {
      for context in contexts { SSL_CTX_free(context) }
      throw error
    }
    return contexts
  }

  private static func use(_ certificate: ServerCertificate, in context: OpaquePointer) throws(TLSError) {
    ERR_clear_error()
    guard SSL_CTX_use_cert_and_key(context, certificate.leaf, certificate.key, certificate.chain, 1) == 1 else {
      throw TLSError.library("\(certificate.file) cannot be used")
    }
  }

  private static func configure(
    _ context: OpaquePointer, _ settings: TLSSettings, _ authorities: ClientAuthorities?
  ) throws(TLSError) {
    guard SSL_CTX_set_cipher_list(context, suites12) == 1, SSL_CTX_set_ciphersuites(context, suites13) == 1,
      cf_tls_set_groups(context, groups) == 1
    else { throw TLSError.library("no suites of TLS") }
    SSL_CTX_set_timeout(context, Int(TicketKeys.lifetime.inSeconds))
    try authorities?.demand(settings.clientCertificate, in: context)
  }
}

/// What OpenSSL asks during a handshake. The argument of each callback is the context, which the handshake keeps alive.
extension TLSContext {
  private func setCallbacks(_ context: OpaquePointer) {
    let me = Unmanaged.passUnretained(self).toOpaque()
    SSL_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(tickets).toOpaque())
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, TicketKeys.callback)
    cf_tls_on_name(
      context,
      { connection, _, owner in
        owner.map { Unmanaged<TLSContext>.fromOpaque($0).takeUnretainedValue().choose(for: connection) }
        return SSL_TLSEXT_ERR_OK
      }, me)
    cf_tls_on_status(
      context,
      { connection, owner in
        owner.map { Unmanaged<TLSContext>.fromOpaque($0).takeUnretainedValue().staple(connection) } == true
          ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK
      }, me)
    SSL_CTX_set_alpn_select_cb(
      context,
      { _, chosen, length, offered, count, owner in
        guard let owner, let chosen, let length, let offered else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        let ours = Unmanaged<TLSContext>.fromOpaque(owner).takeUnretainedValue().protocols
        var pointer: UnsafeMutablePointer<UInt8>?
        let status = SSL_select_next_proto(&pointer, length, ours.baseAddress, UInt32(ours.count), offered, count)
        chosen.pointee = UnsafePointer(pointer)
        return status == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL
      }, me)
  }

  /// By the name that the client asks for; where it asks for none that is ours, the first certificate stays.
  private func choose(for connection: OpaquePointer) {
    guard contexts.count > 1, let text = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name) else { return }
    var name = String(cString: text).lowercased()
    if name.hasSuffix(".") { name.removeLast() }
    if let set = choice.set(for: name) { SSL_set_SSL_CTX(connection, contexts[set]) }
  }

  private func staple(_ connection: OpaquePointer) -> Bool {
    guard let leaf = SSL_get_certificate(connection), let staple = staples[leaf], now() < staple.staleAt else { return false }
    return staple.response.withUnsafeBytes { bytes in
      bytes.baseAddress.map { cf_tls_staple(connection, $0, bytes.count) == 1 } ?? false
    }
  }
}
