import Glibc
import Telemetry
import Testing

@testable import CredentialFlow

/// An edge such as Cloudflare's: nginx that takes away what clients say of themselves, sets Cloudflare's fields and shows a
/// certificate to the server behind it.
@Suite("Behind an edge with a certificate of its own")
struct EdgeTests {
  /// An authority, and certificates by it for the server and the edge.
  private static let certificates = """
    set -e
    cd "$1"
    ec="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256"
    openssl req -x509 $ec -days 730 -subj /CN=authority -addext basicConstraints=critical,CA:TRUE \
      -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.pem
    for use in server client; do
      openssl req -new $ec -subj "/CN=$use" -keyout $use.key -out $use.csr
      printf 'subjectAltName=IP:127.0.0.1\\nbasicConstraints=critical,CA:FALSE\\nextendedKeyUsage=%sAuth\\n' $use >$use.ext
      openssl x509 -req -in $use.csr -CA ca.pem -CAkey ca.key -set_serial 0x$(openssl rand -hex 8) -days 730 -sha256 -extfile $use.ext -out $use.pem
    done
    """

  private static func edge(to port: UInt16, in folder: String, listen: UInt16, certificates: String?) -> String {
    let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder)/\($0);" }
    let shown = certificates.map { "proxy_ssl_certificate \($0)/client.pem; proxy_ssl_certificate_key \($0)/client.key;" } ?? ""
    return """
      worker_processes 1;
      pid \(folder)/pid;
      error_log stderr crit;
      events { worker_connections 64; }
      http {
        access_log off;
        \(places.joined(separator: " "))
        server {
          listen 127.0.0.1:\(listen);
          location / {
            proxy_pass https://127.0.0.1:\(port);
            \(shown)
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header CF-Connecting-IP $remote_addr;
            proxy_set_header CF-Connecting-IPv6 "";
            proxy_set_header CF-Ray 8f2a1b3c4d5e6f70-FRA;
            proxy_set_header CF-IPCountry DE;
            proxy_set_header Forwarded "";
          }
        }
      }

      """
  }

  private static func ask(_ edge: Gateway, source: UInt8) throws -> Answer {
    let connection = try Connection(port: edge.port, source: source)
    let spoofs = ["CF-Connecting-IP", "CF-Connecting-IPv6", "X-Forwarded-For", "CF-Ray"].map { ($0, "6.6.6.6") }
    connection.send(Call.bytes("GET", "/.well-known/jwks.json", spoofs, nil))
    return try connection.answer()
  }

  @Test("only the edge's certificate opens, and clients are who the edge says", .enabled(if: GatewayProgram.nginx.executable != nil))
  func edge() async throws {
    let folder = try TemporaryFolder()
    try Gateway.run(["/bin/bash", "-c", Self.certificates, "certificates", folder.path], in: folder.path)
    let settings = [
      "proxies": #"[{"networks":["127.0.0.1"],"dialect":"cloudflare"}]"#, "edge.required": "true",
      "tls.certificates": #"[{"certificateFile":"\#(folder.path)/server.pem","keyFile":"\#(folder.path)/server.key"}]"#,
      "tls.clientCA": "\(folder.path)/ca.pem", "tls.clientCertificate": "optional",
    ]
    try await World.run(settings) { world in
      let edge = try await Gateway(.nginx) { Self.edge(to: world.port, in: $0, listen: $1, certificates: folder.path) }
      let bare = try await Gateway(.nginx) { Self.edge(to: world.port, in: $0, listen: $1, certificates: nil) }
      let answers = Result { (try Self.ask(edge, source: 7), try Self.ask(edge, source: 8), try Self.ask(bare, source: 9)) }
      await edge.stop()
      await bare.stop()
      let (first, second, refused) = try answers.get()
      #expect(first.status == 200 && second.status == 200 && refused.status == 403 && refused.code == "forbidden")
      let lines = await world.logged(#""event":"request""#, atLeast: 3)
      #expect(lines.count == 3 && lines.allSatisfy { !$0.contains("6.6.6.6") })
      for (line, client) in zip(lines, ["127.0.0.7", "127.0.0.8", "127.0.0.9"]) {
        #expect(line.contains(#""client":"\#(client)""#) && line.contains(#""cf_ray":"8f2a1b3c4d5e6f70-FRA""#), "\(line)")
        #expect(line.contains(#""cf_country":"DE""#))
      }
    }
  }
}
