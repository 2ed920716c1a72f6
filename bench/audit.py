#!/usr/bin/env python3
"""What the audit log costs: CPU of respgate for each GET, without audit, with it, and with a line for each command."""

import subprocess
import sys

from measure import medians, microseconds_each

from harness.processes import Directory, RedisServer, Respgate

USERS = "user default off\nuser app on >app-secret ~* &* +@all\n"
ROUNDS, REQUESTS = 3, {1: 100_000, 16: 400_000}  # by depth of the pipeline
KEY = "0123456789abcdef0123456789abcdef\n"


def sections(directory):
    """The audit section by name; None: there is none."""
    allowed = {"events": ["auth", "denied", "allowed"]}
    chain = {"key_file": str(directory.write("key", KEY))}
    return {"off": None, "on": {}, "on, deny, chain": {"on_overflow": "deny", **chain}, "allowed": {**allowed, "keys": "none"},
            "allowed, hash": allowed, "allowed, hash, chain": {**allowed, **chain}}


def benchmark(gate, depth):
    """CPU µs for each GET."""
    def work():
        subprocess.run(["redis-benchmark", "-s", gate.path, "--user", "app", "-a", "app-secret", "-c", "50", "-n", str(REQUESTS[depth]),
                        "-P", str(depth), "-q", "GET", "key"], capture_output=True, text=True, check=True)
        return REQUESTS[depth]
    return microseconds_each(gate.process.pid, work)


def main():
    directory = Directory()
    server, gates = RedisServer(directory), {}
    try:
        for number, (name, audit) in enumerate(sections(directory).items()):
            gates[name] = Respgate(directory, server, USERS, {"workers": 1, "audit": audit}, name=f"gate-{number}")
        print(f"CPU µs per GET, 50 clients, one worker and the writer, median of {ROUNDS}")
        print(f"{'pipeline':>8} {'audit':>20} {'respgate':>9} {'÷ off':>6} {'dropped':>8}")
        for depth in (1, 16):
            seen = medians(ROUNDS, {name: lambda gate=gate: benchmark(gate, depth) for name, gate in gates.items()})
            for name, cost in seen.items():
                dropped = gates[name].metrics().value("respgate_audit_dropped_total") / (ROUNDS * REQUESTS[depth])
                print(f"{depth:>8} {name:>20} {cost:>9.2f} {cost / seen['off']:>6.2f} {dropped:>8.1%}")
    finally:
        for gate in gates.values():
            gate.stop()
        server.stop()
        directory.remove()


if __name__ == "__main__":
    sys.exit(main())
