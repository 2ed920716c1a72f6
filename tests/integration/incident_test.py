#!/usr/bin/env python3
"""One incident from its first wrong password to its end, and everything that tells of it: the numbers must be equal.

10,000 passwords are tried from 50 addresses, then somebody who has the right one tries what it is good for, until a
change of the policy ends it.  /metrics, ACL LOG, INFO, the audit with its chain, the CloudWatch lines and, where
promtool is installed, the alerts tell the same story.
"""
# ctest: TIMEOUT 300

import asyncio
import json
import re
import shutil
import subprocess
import unittest

from harness.cases import USERS
from harness.observation import audit_lines
from harness.processes import ROOT, Directory, RedisServer, Respgate, free_port, run_respgate
from harness.resp import Client, Error, encode

SOURCES, CONNECTIONS, TRIES = 50, 20, 10  # 50 addresses, 20 connections each, 10 tries on each connection
MAX = 10  # limits.auth_failures.max
FLUSHES, FOREIGN_KEYS, FOREIGN_CHANNELS = 30, 20, 10
WRONG = SOURCES * CONNECTIONS * TRIES
FAILURES = {
    "auth": "respgate_authentication_failures_total",
    "command": "respgate_command_authorization_failures_total",
    "key": "respgate_key_authorization_failures_total",
    "channel": "respgate_channel_authorization_failures_total",
}
TOLD = {"auth": WRONG + 1, "command": FLUSHES, "key": FOREIGN_KEYS, "channel": FOREIGN_CHANNELS}
RULES = ROOT / "conf" / "prometheus" / "respgate.rules.yml"


async def try_passwords(port, source, connection):
    """The replies to wrong passwords for alice, on one connection from one address."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    replies = []
    for number in range(TRIES):
        writer.write(encode("AUTH", "alice", f"guess-{connection}-{number}"))
        replies.append(await reader.readline())
    writer.close()
    return replies


async def brute_force(port):
    attempts = (try_passwords(port, f"127.0.1.{source + 1}", connection) for source in range(SOURCES) for connection in range(CONNECTIONS))
    return [reply for replies in await asyncio.gather(*attempts) for reply in replies]


class IncidentTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        server = RedisServer(cls.directory)
        cls.addClassCleanup(server.stop)
        cls.port = free_port()
        cls.key = cls.directory.write("audit-key", "an audit key that nobody else has\n")
        cls.emf = cls.directory / "metrics.emf"
        cls.gate = Respgate(cls.directory, server, USERS, {
            "listeners": [{"name": "gateway", "address": f"127.0.0.1:{cls.port}", "max_connections": 2 * SOURCES * CONNECTIONS}],
            "limits": {"auth_failures": {"max": MAX, "per": "10m", "lockout": "10m", "shared": []}, "unauthenticated": {"timeout": "5m"}},
            "audit": {"file": str(cls.directory / "gate-audit.jsonl"), "key_file": str(cls.key)},
            "metrics": {"cloudwatch_emf": {"file": str(cls.emf), "interval": "1s"}},
        })
        cls.addClassCleanup(cls.gate.stop)
        cls.before = cls.gate.metrics()
        cls.replies = asyncio.run(brute_force(cls.port))
        cls.misuse()
        cls.stop_it()
        cls.after = cls.gate.metrics()
        with cls.client("127.0.9.1") as root:
            root.login("root", "root-secret")
            cls.log, cls.info = root.call("ACL", "LOG", "128"), root.call("INFO", "stats").decode()
        cls.gate.stop()

    @classmethod
    def client(cls, source):
        return Client(("127.0.0.1", cls.port), source=source)

    @classmethod
    def misuse(cls):
        """Who knows alice's password comes from an address that never failed, and gets in in the middle of it all."""
        cls.thief = cls.client("127.0.9.66").login("alice", "alice-secret")
        cls.addClassCleanup(cls.thief.close)
        cls.refusals = cls.thief.pipeline(*[("FLUSHALL",)] * FLUSHES, *[("GET", "b:1")] * FOREIGN_KEYS,
                                          *[("PUBLISH", "b:1", "x")] * FOREIGN_CHANNELS)

    @classmethod
    def stop_it(cls):
        cls.gate.users_path.write_text(USERS.replace("user alice on", "user alice off"))
        cls.gate.reload()
        cls.closed = cls.thief.read_until_closed()
        with cls.client("127.0.9.66") as client:
            cls.late = client.call("AUTH", "alice", "alice-secret")

    def test_every_try_got_the_same_answer(self):
        self.assertEqual(set(self.replies), {b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"})
        self.assertEqual(len(self.replies), WRONG)
        self.assertEqual(bytes(self.late), self.replies[0][1:-2])
        self.assertTrue(all(isinstance(refusal, Error) for refusal in self.refusals), self.refusals)
        self.assertEqual(self.closed, [])

    def test_metrics(self):
        def count(kind, **labels):
            series = {"listener": "gateway", "user": "alice", **labels}
            return self.after.value(FAILURES[kind], **series) - self.before.value(FAILURES[kind], **series)
        self.assertEqual({kind: count(kind) for kind in FAILURES}, TOLD)
        self.assertEqual({reason: count("auth", reason=reason) for reason in ("wrong_password", "locked_out", "user_off")},
                         {"wrong_password": SOURCES * MAX, "locked_out": WRONG - SOURCES * MAX, "user_off": 1})
        for kind, name in FAILURES.items():
            self.assertEqual(self.after.value(name), TOLD[kind], "nobody else failed")
        self.assertEqual(self.after.value("respgate_audit_dropped_total"), 0)

    def test_acl_log(self):
        counts = dict.fromkeys(TOLD, 0)
        for entry in self.log:
            fields = dict(zip(entry[::2], entry[1::2]))
            self.assertEqual(fields[b"username"], b"alice")
            counts[fields[b"reason"].decode()] += fields[b"count"]
        self.assertEqual(counts, TOLD)

    def test_info(self):
        told = dict(re.findall(r"acl_access_denied_(\w+):(\d+)", self.info))
        self.assertEqual({"command" if kind == "cmd" else kind: int(count) for kind, count in told.items()}, TOLD)

    def test_audit_and_its_chain(self):
        counts = dict.fromkeys(TOLD, 0)
        for line in audit_lines(self.gate.audit_path):
            if line["user"] == "alice" and line["verdict"] == "failed":
                counts["auth"] += 1
            elif line["kind"] == "denied":
                counts[line["reason"]] += 1
        self.assertEqual(counts, TOLD)
        verified = run_respgate("audit", "verify", "--key-file", self.key, self.gate.audit_path)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def test_cloudwatch(self):
        names = {"auth": "AuthenticationFailures", "command": "CommandAuthorizationFailures", "key": "KeyAuthorizationFailures",
                 "channel": "ChannelAuthorizationFailures"}
        for dimensions in ({"Listener": "gateway", "User": "alice"}, {"Listener": "gateway", "User": None}, {"Listener": None, "User": None}):
            lines = [line for line in audit_lines(self.emf) if {name: line.get(name) for name in dimensions} == dimensions]
            self.assertEqual({kind: sum(line[name] for line in lines) for kind, name in names.items()}, TOLD, dimensions)

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed (Debian: prometheus)")
    def test_alerts(self):
        series = [{"series": self.promql(key), "values": f"{self.before.get(key, 0):g}x5 {value:g}x10"}
                  for key, value in self.after.items()]
        quiet, loud = "4m", "8m"

        def firing(alert, when, count):
            samples = [{"labels": "{}", "value": count}] if count else []
            return {"expr": f'count(ALERTS{{alertname="{alert}", alertstate="firing"}})', "eval_time": when, "exp_samples": samples}
        checks = [firing(alert, quiet, 0) for alert in ("RespgateLoginsFail", "RespgateLoginsOfUserFail", "RespgateDenials")]
        checks += [firing(alert, loud, 1) for alert in ("RespgateLoginsFail", "RespgateLoginsOfUserFail", "RespgateDenials")]
        checks += [firing(alert, loud, 0) for alert in ("RespgateGone", "RespgateReloadFailed", "RespgateAuditLost")]
        checks += [{"expr": f'sum({name}{{user="alice"}})', "eval_time": loud, "exp_samples": [{"labels": "{}", "value": TOLD[kind]}]}
                   for kind, name in FAILURES.items()]
        test = {"rule_files": [str(RULES)], "evaluation_interval": "1m",
                "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": checks}]}
        path = self.directory.write("incident-rules-test.yml", json.dumps(test))
        checked = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    @staticmethod
    def promql(key):
        name, labels = key
        return name + "{" + ", ".join(f'{label}="{value}"' for label, value in (*labels, ("instance", "a"))) + "}"


if __name__ == "__main__":
    unittest.main()
