"""What the benchmarks of sign-ins share: a server in a folder of its own, users, and a client that signs them in.

Everything is on loopback and in a temporary folder; every process is ended by its id.
"""
import base64
import collections
import contextlib
import hashlib
import hmac
import itertools
import json
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

BINARY = os.environ.get("BENCH_BINARY", ".build/release/credentialflow")
PASSWORD = "wpvkq-zd83h!x"
CORES = len(os.sched_getaffinity(0))
TINY_HASH = {"CREDENTIALFLOW_HASHING__MEMORY_KIB": "8", "CREDENTIALFLOW_HASHING__ITERATIONS": "1"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`credentialflow serve` over a data folder, its log in a file."""

    def __init__(self, data, settings=None):
        self.data = data
        self.port = free_port()
        self.environment = dict(
            os.environ, CREDENTIALFLOW_DATA=data, CREDENTIALFLOW_OPERATIONS__LISTEN=f"127.0.0.1:{free_port()}",
            CREDENTIALFLOW_PACE__ENABLED="false", **(settings or {}))
        self.is_secure = "CREDENTIALFLOW_TLS__CERTIFICATES" in self.environment
        self.process = None

    def command(self, *words, text=None):
        result = subprocess.run([BINARY, *words], env=self.environment, input=text, capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {result.stderr}")
        return result.stdout

    def start(self):
        """Returns the seconds from the start of the process to its first answer."""
        with open(os.path.join(self.data, "bench.log"), "ab") as log:
            began = time.monotonic()
            self.process = subprocess.Popen(
                [BINARY, "serve", "--listen", f"127.0.0.1:{self.port}"], env=self.environment, stdout=log, stderr=log)
        request = b"GET /healthz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                connection.sendall(request)
                # Over TLS this is refused, by a server that is there.
                if connection.recv(4096).startswith(b"HTTP/1.1 400" if self.is_secure else b"HTTP/1.1 200"):
                    return time.monotonic() - began
            if self.process.poll() is not None or time.monotonic() - began > 30:
                raise RuntimeError(f"the server did not start; see {self.data}/bench.log")
            time.sleep(0.001)

    def api_key(self):
        """Of an application of its own for each caller."""
        return json.loads(self.command("app", "add", f"bench-{os.urandom(4).hex()}", "--json"))["api_key"]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)

    def processor_seconds(self):
        """The process's own clock: what utime and stime of /proc/PID/stat count, without their 10 ms steps."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def status(self, field):
        """A line of /proc/PID/status, in MB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(field + ":")) * 1024 / 1e6


@contextlib.contextmanager
def servers():
    """Gives a function that makes a server in a folder that is there for as long as the block; ends them all."""
    folder = tempfile.mkdtemp(prefix="bench-")
    made = []

    def make(settings=None, copy_of=None):
        data = os.path.join(folder, str(len(made)))
        server = Server(data, settings)
        if copy_of:
            shutil.copytree(copy_of.data, data, ignore=shutil.ignore_patterns("*.sock", "*socket*"))
        else:
            server.command("init")
        made.append(server)
        return server

    try:
        yield make
    finally:
        for server in made:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def add_users(server, count):
    """Users as an operator makes them, through the control socket of the running server. Returns [name, secret, last step]."""
    if not server.process:
        raise RuntimeError("start the server first")
    server.command("role", "add", "bench", "--allow", "bench:read")

    def add(index):
        name = f"user{index:07d}@example.com"
        made = json.loads(server.command("user", "add", name, "--role", "bench", "--password-stdin", "--json", text=PASSWORD + "\n"))
        return [name, base64.b32decode(made["totp"]["secret"]), 0]

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(add, range(count)))


def clone_users(data, total):
    """Fills a stopped server's store up to `total` accounts with copies of the real ones.

    A million accounts cannot be made one command at a time. A copy has the shape of a real account (account, factors, TOTP
    secret, role) with ids and a name of its own; its sealed secret does not open, for it is bound to another row, so only the
    real ones sign in. Recovery codes are left out: no sign-in here reads them. All rows are written anew in the order of their
    ids and every real one has the same number of copies beside it, as though all had been made one after the other: so those who
    sign in lie spread over every table and index and not together on a few pages.
    """
    db = sqlite3.connect(os.path.join(data, "credentialflow.db"))
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("PRAGMA synchronous = OFF")
    tables = ("account", "factor", "account_role")
    rows = {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    factors, roles = collections.defaultdict(list), collections.defaultdict(list)
    for row in rows["factor"]:
        factors[row[1]].append(row)
    for row in rows["account_role"]:
        roles[row[0]].append(row)
    for table in tables:
        db.execute(f"DELETE FROM {table}")
    accounts = sorted(rows["account"])
    copies, extra = divmod(total, len(accounts))
    fresh = {table: [] for table in tables}
    for index, account in enumerate(accounts):
        for copy in range(copies + (index < extra)):
            # The first six bytes of an id are its time: a copy's place in the order is beside its original.
            key = (lambda old: old) if copy == 0 else (lambda old: old[:6] + b"\xff" + os.urandom(9))
            account_id = key(account[0])
            name = account[1] if copy == 0 else account[1].replace("@", f".{copy}@")
            fresh["account"].append((account_id, name, *account[2:]))
            for factor in factors[account[0]]:
                factor_id = key(factor[0])
                fresh["factor"].append((factor_id, account_id, *factor[2:]))
            fresh["account_role"] += [(account_id, *role[1:]) for role in roles[account[0]]]
        if index + 1 == len(accounts) or len(fresh["account"]) > 100_000:
            for table in tables:
                fresh[table].sort()
                marks = ",".join("?" * len(fresh[table][0]))
                db.executemany(f"INSERT INTO {table} VALUES ({marks})", fresh[table])
                fresh[table].clear()
            db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def totp(secret, step):
    digest = hmac.digest(secret, struct.pack(">Q", step), hashlib.sha1)
    offset = digest[-1] & 15
    return f"{(struct.unpack_from('>I', digest, offset)[0] & 0x7FFFFFFF) % 1_000_000:06d}"


class Client:
    """Signs users in with one call each, over keep-alive connections, never a code twice."""

    def __init__(self, server, users, connections):
        self.port = server.port
        self.key = server.api_key()
        self.users = collections.deque(users)
        self.lock = threading.Lock()
        self.connections = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(connections)]
        for connection in self.connections:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if server.is_secure:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.connections = [context.wrap_socket(connection) for connection in self.connections]

    def next_requests(self, count):
        """Requests of the next users who have a code left: this step's or, as the server allows one step to either side, the
        next one's. Waits until there are enough, so that none grows old beside the others."""
        while True:
            now = int(time.time()) // 30
            with self.lock:
                ready = list(itertools.islice((user for user in self.users if user[2] <= now), count))
                if len(ready) == count:
                    for user in ready:
                        user[2] = max(user[2] + 1, now)
                        self.users.remove(user)
                    self.users.extend(ready)
                    return [self.request(user[0], totp(user[1], user[2])) for user in ready]
            time.sleep(0.2)

    def request(self, name, code):
        body = json.dumps({"username": name, "password": PASSWORD, "mfa": {"method": "totp", "code": code}}).encode()
        return (f"POST /auth HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-API-Key: {self.key}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body

    def run(self, count=None, seconds=None):
        """Signs in `count` users, or for `seconds`, or whichever of both ends first; returns (sign-ins, seconds). Anything but 200 is
        an error. With `count` the requests are made before the clock starts, so that the client takes little of the machine."""
        requests = collections.deque(self.next_requests(count)) if count else None
        done, failures = [], []
        began = time.monotonic()

        def work(connection):
            finished = 0
            try:
                while not seconds or time.monotonic() - began < seconds:
                    try:
                        request = self.next_requests(1)[0] if requests is None else requests.popleft()
                    except IndexError:
                        break
                    connection.sendall(request)
                    answer = self.answer(connection)
                    if not answer.startswith(b"HTTP/1.1 200"):
                        raise RuntimeError(answer.decode(errors="replace"))
                    finished += 1
            except Exception as error:  # said by the thread that waits
                failures.append(error)
            done.append(finished)

        threads = [threading.Thread(target=work, args=(connection,)) for connection in self.connections]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        return sum(done), time.monotonic() - began

    def sign_in(self):
        """One session; its answer, read."""
        connection = self.connections[0]
        connection.sendall(self.next_requests(1)[0])
        answer = self.answer(connection)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer.decode(errors="replace"))
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    def answer(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.receive(connection)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += self.receive(connection)
        return head + b"\r\n\r\n" + body

    @staticmethod
    def receive(connection):
        data = connection.recv(65536)
        if not data:
            raise RuntimeError("the server closed the connection")
        return data
