#!/usr/bin/env python3
"""What the ECHOs between replies cost: CPU of respgate and of the server for each GET, sentinel off, on and strict."""

import re
import subprocess
import sys

from measure import medians, microseconds_each

from harness.processes import Directory, RedisServer, Respgate

USERS = "user default off\nuser only on >only-secret ~* &* +@all\n"  # off is for one user
ROUNDS, REQUESTS = 5, 200_000


def benchmark(gate, depth):
    done = subprocess.run(["redis-benchmark", "-s", gate.path, "--user", "only", "-a", "only-secret", "-c", "50", "-n", str(REQUESTS),
                           "-P", str(depth), "-q", "GET", "key"], capture_output=True, text=True, check=True)
    assert re.search(r"requests per second", done.stdout), done.stdout
    return REQUESTS


def main():
    directory = Directory()
    servers, gates = [], {}
    try:
        for mode in ("off", "on", "strict"):
            servers.append(RedisServer(directory, name=f"redis-{mode}"))
            gates[mode] = Respgate(directory, servers[-1], USERS, {"workers": 1, "upstream": {"sentinel": {"mode": mode}}}, name=mode)
        print(f"CPU µs per GET, 50 clients, one worker, median of {ROUNDS}")
        print(f"{'pipeline':>8} {'sentinel':>8} {'respgate':>9} {'÷ off':>6} {'server':>7} {'÷ off':>6}")
        for depth in (1, 16):
            ours = medians(ROUNDS, {m: lambda g=g: microseconds_each(g.process.pid, lambda: benchmark(g, depth)) for m, g in gates.items()})
            theirs = medians(ROUNDS, {m: lambda g=g, s=s: microseconds_each(s.process.pid, lambda: benchmark(g, depth))
                                      for (m, g), s in zip(gates.items(), servers)})
            for mode in gates:
                print(f"{depth:>8} {mode:>8} {ours[mode]:>9.2f} {ours[mode] / ours['off']:>6.2f} {theirs[mode]:>7.2f} "
                      f"{theirs[mode] / theirs['off']:>6.2f}")
    finally:
        for gate in gates.values():
            gate.stop()
        for server in servers:
            server.stop()
        directory.remove()


if __name__ == "__main__":
    sys.exit(main())
