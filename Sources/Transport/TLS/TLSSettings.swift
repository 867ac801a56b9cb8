package import Primitives

/// The section `tls`, and `operations.tls`: certificates make a listener speak TLS.
package struct TLSSettings: Settings, Equatable {
  /// Whether clients have to show a certificate.
  package enum Demand: String, CaseIterable, Sendable {
    case off
    /// Who shows none gets in; who shows one that does not verify does not.
    case optional
    case required
  }

  /// The files of one certificate, PEM. The first certificate is for clients that name no server, or one that none is for.
  package struct Certificate: Settings, Equatable {
    /// The server's own certificate, then those that lead to the authority.
    package let certificateFile: String
    package let keyFile: String
    /// A DER response of the authority's OCSP service; empty: none is stapled.
    package let ocspFile: String

    package init(certificateFile: String, keyFile: String, ocspFile: String = "") {
      self.certificateFile = certificateFile
      self.keyFile = keyFile
      self.ocspFile = ocspFile
    }

    package init(from reader: SettingsReader) throws(SettingsError) {
      certificateFile = try reader.string("certificateFile", default: "")
      keyFile = try reader.string("keyFile", default: "")
      ocspFile = try reader.string("ocspFile", default: "")
      guard !certificateFile.isEmpty else { throw reader.wrong("certificateFile", "name the file with the certificate") }
      guard !keyFile.isEmpty else { throw reader.wrong("keyFile", "name the file with the certificate's private key") }
    }
  }

  package var certificates: [Certificate]
  /// PEM file with the authorities that clients' certificates must come from.
  package var clientCA: String
  package var clientCertificate: Demand
  /// Handshakes under way on one event loop, in all and from one address.
  package var handshakes: Int
  package var handshakesPerAddress: Int
  package var handshakeTimeout: Duration
  /// What clients are told to ask for, a DNS name in lower case; empty: nobody is told. No setting of its own.
  package var host = ""

  /// No TLS.
  package init() {
    certificates = []
    clientCA = ""
    clientCertificate = .off
    handshakes = 1024
    handshakesPerAddress = 512
    handshakeTimeout = .seconds(10)
  }

  package init(from reader: SettingsReader) throws(SettingsError) {
    self.init()
    certificates = try reader.list("certificates")
    clientCA = try reader.string("clientCA", default: clientCA)
    clientCertificate = try reader.choice("clientCertificate", default: clientCertificate)
    handshakes = try reader.integer("handshakes", default: handshakes, in: 1...100_000)
    handshakesPerAddress = try reader.integer("handshakesPerAddress", default: handshakesPerAddress, in: 1...100_000)
    handshakeTimeout = try reader.duration(
      "handshakeTimeout", default: handshakeTimeout, in: .milliseconds(100)...Duration.minutes(10))
    guard certificates.count <= 256 else { throw reader.wrong("certificates", "at most 256") }
    guard clientCertificate == .off || !clientCA.isEmpty else {
      throw reader.wrong("clientCA", "clientCertificate is '\(clientCertificate.rawValue)': name the file with the authorities")
    }
    guard clientCertificate == .off || isEnabled else {
      throw reader.wrong("clientCertificate", "clients show certificates only where 'certificates' makes this listener speak TLS")
    }
  }

  package var isEnabled: Bool { !certificates.isEmpty }

  /// With every path as `resolve` gives it.
  package func resolved(_ resolve: (String) -> String) -> TLSSettings {
    var settings = self
    settings.certificates = certificates.map { files in
      Certificate(
        certificateFile: resolve(files.certificateFile), keyFile: resolve(files.keyFile),
        ocspFile: files.ocspFile.isEmpty ? "" : resolve(files.ocspFile))
    }
    settings.clientCA = clientCA.isEmpty ? "" : resolve(clientCA)
    return settings
  }

  /// Every file that counts.
  var files: [String] {
    (certificates.flatMap { [$0.certificateFile, $0.keyFile, $0.ocspFile] } + [clientCA]).filter { !$0.isEmpty }
  }
}
