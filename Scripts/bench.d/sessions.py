"""Live sessions for benchmarks: opened by signing in, and refreshed over keep-alive connections by wrk."""
import os
import sqlite3

import load
from bench import Client, add_users

# Every connection works on its own refresh tokens: each answer brings the next one.
REFRESH = """
local tokens, key, waiting = {}, nil, {}
local counter = 0
function setup(thread)
  thread:set("number", counter)
  counter = counter + 1
end
function init(arguments)
  key = arguments[1]
  local line = 0
  for token in io.lines(arguments[2]) do
    if line % tonumber(arguments[3]) == number then tokens[#tokens + 1] = token end
    line = line + 1
  end
end
function request()
  local token = table.remove(tokens, 1)
  return wrk.format("POST", "/auth/refresh", {["Content-Type"] = "application/json", ["X-API-Key"] = key, ["Host"] = "bench"},
    '{"refresh_token":"' .. token .. '"}')
end
function response(status, headers, body)
  if status == 200 then tokens[#tokens + 1] = body:match('"refresh_token":"([^"]+)"') end
end
function done(summary, latency, requests)
end
"""
THREADS = 2


class Sessions:
    """`count` sessions of as many users, each with the refresh token that is good now. One run at a time: what wrk ends with is
    not read back, so a run begins with sessions of its own."""

    def __init__(self, server, place, count):
        self.server, self.place = server, place
        self.client = Client(server, add_users(server, count), 8)
        self.script = os.path.join(place, "refresh.lua")
        with open(self.script, "w") as file:
            file.write(REFRESH)

    def open(self, count):
        """Signs in `count` times; returns the answers."""
        return [self.client.sign_in() for _ in range(count)]

    def refresh(self, opened, seconds, connections=64):
        """Refreshes `opened` sessions for `seconds`."""
        path = os.path.join(self.place, "tokens")
        with open(path, "w") as file:
            file.writelines(answer["refresh_token"] + "\n" for answer in opened)
        return load.measured(self.server.process.pid, lambda: load.wrk(
            self.server.port, "/auth/refresh", None, seconds, connections, THREADS, self.script, (self.client.key, path, str(THREADS))))


def spread_sessions(data, total):
    """Fills a stopped server's store up to `total` sessions with copies of the real ones under ids of their own, all written anew in
    the order of their ids with as many copies beside each: so the real ones lie spread over table and indexes."""
    db = sqlite3.connect(os.path.join(data, "credentialflow.db"))
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("PRAGMA synchronous = OFF")
    columns = [row[1] for row in db.execute("PRAGMA table_info(session)")]
    real = db.execute(f"SELECT {', '.join(columns)} FROM session ORDER BY id").fetchall()
    identifier, digest = columns.index("id"), columns.index("refresh_digest")
    db.execute("DELETE FROM session")

    def rows():
        copies, extra = divmod(total, len(real))
        for index, row in enumerate(real):
            yield row
            made = sorted(row[identifier][:6] + b"\xff" + os.urandom(9) for _ in range(copies + (index < extra) - 1))
            for copy in made:
                fresh = list(row)
                fresh[identifier], fresh[digest] = copy, os.urandom(32)
                yield fresh

    db.executemany(f"INSERT INTO session ({', '.join(columns)}) VALUES ({','.join('?' * len(columns))})", rows())
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
