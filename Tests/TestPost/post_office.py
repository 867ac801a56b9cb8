"""A real mail server (aiosmtpd) in several moods, and an HTTP service that takes SMS, for tests.

usage: post_office.py FOLDER CERTIFICATE KEY

Writes FOLDER/ports, `name=port` each, when all listen: `plain` (no TLS), `starttls` (demanded, then login), `tls` (from the
beginning, login), `sms`. What arrives is a file: FOLDER/mail/RECIPIENT/N.eml or FOLDER/sms/NUMBER/N.txt, complete when it is
there. What a recipient's local part begins with decides what happens: `temporary.` 451, `permanent.` 550, `late.` 554 after the
mail, `stall.` silence, `drop.` the connection is closed; `once.` drops the first try. It ends when its standard input does.
"""

import asyncio
import http.server
import os
import pathlib
import socket
import ssl
import sys
import threading
import urllib.parse

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

folder = pathlib.Path(sys.argv[1])
lock = threading.Lock()
counts = {}
dropped = set()


def keep(kind, name, suffix, content):
    with lock:
        place = folder / kind / name
        place.mkdir(parents=True, exist_ok=True)
        number = counts[kind, name] = counts.get((kind, name), 0) + 1
        part = place / f".{number}"
        part.write_bytes(content)
        part.rename(place / f"{number}.{suffix}")


class Moods:
    async def handle_RCPT(self, server, session, envelope, address, options):
        mood = address.split("@")[0].split(".")[0]
        if mood == "temporary":
            return "451 4.3.0 try again later"
        if mood == "permanent":
            return "550 5.1.1 no such mailbox"
        if mood == "stall":
            await asyncio.sleep(600)
        if mood == "drop" or (mood == "once" and address not in dropped):
            dropped.add(address)
            server.transport.close()
            return "421 gone"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if envelope.rcpt_tos[0].startswith("late."):
            return "554 5.6.0 not this"
        login = session.auth_data.decode() if session.auth_data else "-"
        head = f"X-Test-Session: tls={'yes' if session.ssl else 'no'} login={login} peer={session.peer[1]}\r\n"
        for address in envelope.rcpt_tos:
            keep("mail", address, "eml", head.encode() + envelope.original_content)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == b"sender" and data.password == b"correct horse"
    return AuthResult(success=good, auth_data=data.login)


class Office(Controller):
    """On a port that the system chooses."""

    def _trigger_server(self):
        # What the controller waits for is that a session begins.
        with socket.create_connection(self.server.sockets[0].getsockname()) as probe:
            if self.ssl_context:
                context = ssl.create_default_context(cafile=sys.argv[2])
                context.wrap_socket(probe, server_hostname="localhost").close()
            else:
                probe.recv(1000)


class SMS(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            to = urllib.parse.parse_qs(body.decode()).get("To", ["none"])[0]
        else:
            import json

            to = json.loads(body).get("to", "none")
        status = {"1": 429, "2": 400, "3": 302, "4": 500}.get(to[-1:] if to.startswith("+4900") else "", 200)
        if status == 200:
            head = f"{self.command} {self.path}\n" + "".join(f"{k.lower()}: {v}\n" for k, v in self.headers.items()) + "\n"
            keep("sms", to, "txt", head.encode() + body)
        answer = b"{}" * (200_000 if self.path == "/large" else 1)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST

    def log_message(self, *arguments):
        pass


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    login = dict(auth_required=True, authenticator=authenticate)
    offices = {
        "plain": Office(Moods(), hostname="127.0.0.1", port=0),
        "starttls": Office(Moods(), hostname="127.0.0.1", port=0, tls_context=context, require_starttls=True, **login),
        "tls": Office(Moods(), hostname="127.0.0.1", port=0, ssl_context=context, auth_require_tls=False, **login),
    }
    ports = {}
    for name, office in offices.items():
        office.start()
        ports[name] = office.server.sockets[0].getsockname()[1]
    sms = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SMS)
    sms.daemon_threads = True
    threading.Thread(target=sms.serve_forever, daemon=True).start()
    ports["sms"] = sms.server_address[1]
    (folder / ".ports").write_text("".join(f"{name}={port}\n" for name, port in ports.items()))
    (folder / ".ports").rename(folder / "ports")
    sys.stdin.read()
    os._exit(0)


main()
