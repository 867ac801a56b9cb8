@testable import CredentialFlow

/// Configurations of real proxies that stand before the server and ask nobody: what a request's way through them looks like.
enum ProxyFile {
  /// nginx that adds to `X-Forwarded-For` and gives each request a name, which the answer repeats beside ours.
  static func nginx(to port: UInt16, in folder: String, listen: UInt16, _ more: String = "") -> String {
    let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder)/\($0);" }
    return """
      worker_processes 1;
      pid \(folder)/pid;
      error_log stderr crit;
      events { worker_connections 1024; }
      http {
        access_log off;
        \(places.joined(separator: " "))
        client_header_timeout 1s; client_body_timeout 1s; keepalive_timeout 1s; lingering_timeout 1s; proxy_read_timeout 3s;
        upstream daemon { server 127.0.0.1:\(port); keepalive 8; }
        server {
          listen 127.0.0.1:\(listen);
          \(more)
          location / {
            proxy_pass http://daemon;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Request-ID $request_id;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            add_header X-Proxy-ID $request_id always;
          }
        }
      }

      """
  }

  /// HAProxy as a proxy for HTTP, doing the same.
  static func haproxy(to port: UInt16, listen: UInt16) -> String {
    """
    global
      log stderr format raw local0 emerg
    defaults
      mode http
      option forwardfor
      timeout connect 2s
      timeout client 1s
      timeout server 3s
      timeout http-request 1s
      timeout http-keep-alive 1s
      retries 0
    frontend front
      bind 127.0.0.1:\(listen)
      unique-id-format proxy-%[uuid()]
      http-request set-header X-Request-ID %[unique-id]
      http-response set-header X-Proxy-ID %[unique-id]
      default_backend back
    backend back
      http-reuse always
      server daemon 127.0.0.1:\(port)

    """
  }

  /// HAProxy that hands the bytes on with a header before them.
  static func haproxy(to port: UInt16, listen: UInt16, header: String) -> String {
    """
    global
      log stderr format raw local0 emerg
    defaults
      mode tcp
      timeout connect 2s
      timeout client 10s
      timeout server 10s
    frontend front
      bind 127.0.0.1:\(listen)
      default_backend back
    backend back
      server daemon 127.0.0.1:\(port) \(header)

    """
  }
}
