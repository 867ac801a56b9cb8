"""Live sessions for benchmarks: opened by signing in, and refreshed over keep-alive connections by wrk."""
import os

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
