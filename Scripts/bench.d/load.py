"""What the benchmarks of decisions share: wrk with scripts of its own, nginx and glewlwyd as peers, and ratios of medians.

Everything is on loopback and in a temporary folder; every process is ended by its id.
"""
import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import tempfile
import time

from bench import free_port

NGINX = """
worker_processes {cores};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 20000; }}
http {{
  log_format json escape=json '{{"ts":"$time_iso8601","level":"info","event":"request","request_id":"$request_id",'
    '"route":"{path}","method":"$request_method","status":$status,"duration":$request_time,"client":"$remote_addr"}}';
  access_log {folder}/access.log json buffer=64k flush=1s;
  keepalive_requests 1000000000;
  large_client_header_buffers 4 16k;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port}{options};
    location / {{ return 200; }}
  }}
}}
"""
GLEWLWYD = """
port={port}
bind_address="127.0.0.1"
external_url="http://localhost:{port}/"
api_prefix="api"
log_mode="file"
log_level="ERROR"
log_file="{folder}/glewlwyd.log"
cookie_secure=0
cookie_same_site="empty"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
session_key="GLEWLWYD2_SESSION_ID"
session_expiration=2592000
hash_algorithm="SHA512"
database =
{{
  type = "sqlite3"
  path = "{folder}/glewlwyd.db"
}}
static_files_path="/usr/share/glewlwyd/webapp"
"""
GLEWLWYD_SCHEMA = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3"


def wait_for(port, deadline=10):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port}")


def family(pid):
    """The process and its children."""
    found = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        # A thread may end while it is looked at.
        with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children") as file:
            for child in file.read().split():
                found += family(int(child))
    return found


def processor_seconds(pid):
    """Of a process and its children, by their own clocks."""
    return sum(time.clock_gettime(~member << 3 | 2) for member in family(pid))


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as path:
        yield path


@contextlib.contextmanager
def ended(process):
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


@contextlib.contextmanager
def nginx(place, path, options="", certificate=None):
    """nginx that answers 200 to everything and logs as we do, over TLS where it is given the files of a certificate and its key;
    `options` go to `listen`. Gives (process id, port)."""
    port = free_port()
    if certificate:
        options += (f" ssl; ssl_certificate {certificate[0]}; ssl_certificate_key {certificate[1]}; ssl_protocols TLSv1.2 TLSv1.3; "
                    "ssl_ecdh_curve X25519:prime256v1:secp384r1; ssl_session_cache off; ssl_session_tickets on")
    with open(f"{place}/nginx.conf", "w") as file:
        file.write(NGINX.format(folder=place, port=port, cores=os.cpu_count(), path=path, options=options))
    command = ["nginx", "-e", f"{place}/error.log", "-p", place, "-c", f"{place}/nginx.conf", "-g", "daemon off;"]
    with ended(subprocess.Popen(command)) as process:
        wait_for(port)
        yield process.pid, port


@contextlib.contextmanager
def glewlwyd(place):
    """glewlwyd 2.7.5 on SQLite with a signed-in administrator. Gives (process id, port, Cookie header)."""
    port = free_port()
    with open(GLEWLWYD_SCHEMA) as schema:
        subprocess.run(["sqlite3", f"{place}/glewlwyd.db"], stdin=schema, check=True)
    with open(f"{place}/glewlwyd.conf", "w") as file:
        file.write(GLEWLWYD.format(folder=place, port=port))
    with ended(subprocess.Popen(["glewlwyd", f"--config-file={place}/glewlwyd.conf"])) as process:
        wait_for(port)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request(
            "POST", "/api/auth/", json.dumps({"username": "admin", "password": "password"}), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        yield process.pid, port, answer.getheader("Set-Cookie").split(";")[0]


def wrk(port, path, headers=None, seconds=3, connections=64, threads=2, script=None, arguments=(), latency=False,
        scheme="http"):
    """Runs wrk; returns {"requests", "rate", "errors", "p99_ms"}."""
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    if latency:
        command.append("--latency")
    if script:
        command += ["-s", script]
    command.append(f"{scheme}://127.0.0.1:{port}{path}")
    text = subprocess.run([*command, *(["--", *arguments] if arguments else [])], capture_output=True, text=True, check=True).stdout
    lines = [line.strip() for line in text.splitlines()]
    result = {
        "requests": int(next(line for line in lines if "requests in" in line).split()[0]),
        "rate": float(next(line for line in lines if line.startswith("Requests/sec")).split()[1]),
        "errors": [line for line in lines if line.startswith(("Non-2xx", "Socket errors"))],
    }
    if latency:
        result["p99_ms"] = milliseconds(next(line for line in lines if line.startswith("99%")).split()[1])
    return result


def h2load(port, path, headers=None, seconds=3, connections=4, streams=100, threads=1):
    """Runs h2load with prior knowledge; returns {"requests", "rate", "errors"}."""
    command = ["h2load", f"-t{threads}", f"-c{connections}", f"-m{streams}", f"-D{seconds}"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    text = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True).stdout
    lines = [line.strip() for line in text.splitlines()]
    codes = next(line for line in lines if line.startswith("status codes:"))
    failures = next(line for line in lines if line.startswith("requests:"))
    done = int(codes.split()[2])
    errors = [] if ", 0 3xx, 0 4xx, 0 5xx" in codes and " 0 errored, 0 timeout" in failures else [codes, failures]
    return {"requests": done, "rate": float(next(line for line in lines if line.startswith("finished in")).split()[3]), "errors": errors}


def milliseconds(text):
    for unit, factor in (("us", 0.001), ("ms", 1), ("s", 1000)):
        if text.endswith(unit):
            return float(text[:-len(unit)]) * factor
    raise ValueError(text)


def measured(pid, run):
    """A run of wrk with the processor time of `pid` for each request."""
    before = processor_seconds(pid)
    result = run()
    result["microseconds"] = round((processor_seconds(pid) - before) / max(1, result["requests"]) * 1e6, 3)
    if result["errors"]:
        raise RuntimeError(f"refused: {result['errors']}")
    return result


def interleaved(rounds, cases):
    """Runs every case in every round, in turning order. Returns {name: [result…]}."""
    results = {name: [] for name in cases}
    names = list(cases)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(cases[name]())
    return results


def median(results, key):
    return statistics.median(result[key] for result in results)
