#!/usr/bin/env python3
"""What the ECHOs between replies cost: CPU of respgate and of the server for each GET, sentinel off, on and strict."""

import re
import statistics
import subprocess
import sys


from measure import cpu_seconds

from harness.processes import Directory, RedisServer, Respgate

USERS = "user default off\nuser only on >only-secret ~* &* +@all\n"  # off is for one user
ROUNDS, REQUESTS = 3, {1: 150_000, 16: 1_200_000}  # by depth of the pipeline


def benchmark(gate, server, depth):
    """CPU µs for each GET, of respgate and of the server."""
    processes = (gate.process.pid, server.process.pid)
    before = [cpu_seconds(pid) for pid in processes]
    done = subprocess.run(["redis-benchmark", "-s", gate.path, "--user", "only", "-a", "only-secret", "-c", "50", "-n", str(REQUESTS[depth]),
                           "-P", str(depth), "-q", "GET", "key"], capture_output=True, text=True, check=True)
    assert re.search(r"requests per second", done.stdout), done.stdout
    return [(cpu_seconds(pid) - at) * 1e6 / REQUESTS[depth] for pid, at in zip(processes, before)]


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
            seen = {mode: [] for mode in gates}
            for _ in range(ROUNDS):
                for (mode, gate), server in zip(gates.items(), servers):
                    seen[mode].append(benchmark(gate, server, depth))
            medians = {mode: [statistics.median(values) for values in zip(*pairs)] for mode, pairs in seen.items()}
            for mode, (ours, theirs) in medians.items():
                print(f"{depth:>8} {mode:>8} {ours:>9.2f} {ours / medians['off'][0]:>6.2f} {theirs:>7.2f} {theirs / medians['off'][1]:>6.2f}")
    finally:
        for gate in gates.values():
            gate.stop()
        for server in servers:
            server.stop()
        directory.remove()


if __name__ == "__main__":
    sys.exit(main())
