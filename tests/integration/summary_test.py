#!/usr/bin/env python3
"""GET /summary, GET /posture, and what GET /users says of dangerous commands: what the admin port's page is made from."""

import json
import unittest

from harness.cases import GateCase
from harness.deadline import wait_until
from harness.processes import run_respgate
from harness.resp import Error


class SummaryTest(GateCase):
    changes = {"commands": {"rules": [{"match": ["FLUSHALL"], "action": "deny"}]}}

    def summary(self):
        return json.loads(self.gate.admin.get("/summary"))

    def test_it_counts_what_the_metrics_count(self):
        anonymous = self.connect()
        for _ in range(3):
            self.assertIsInstance(anonymous.call("AUTH", "alice", "wrong"), Error)
        self.assertIsInstance(anonymous.call("AUTH", "nobody", "wrong"), Error)
        alice = self.connect("alice")
        self.assertIsInstance(alice.call("GET", "b:1"), Error)
        self.assertIsInstance(alice.call("CONFIG", "GET", "port"), Error)
        self.assertEqual(alice.call("SET", "a:1", "x"), b"OK")
        summary = self.summary()
        self.assertEqual(summary["failures"], [
            {"user": "alice", "login": 3, "command": 1, "key": 1, "channel": 0, "database": 0},
            {"user": "(unknown)", "login": 1, "command": 0, "key": 0, "channel": 0, "database": 0}])
        self.assertEqual(summary["failed_logins"], 4)
        self.assertEqual((summary["ready"], summary["why_not"], summary["enforcement"], summary["last_reload"]), (True, "", "enforce", "success"))
        metrics = self.gate.metrics()
        listener, node = summary["listeners"][0], summary["upstream"][0]
        self.assertEqual(listener["name"], "main")
        for result in ("forwarded", "local", "denied"):
            self.assertEqual(listener[result], metrics.value("respgate_commands_total", result=result))
        self.assertEqual(node["node"], self.server.node)
        self.assertEqual(node["lanes"], metrics.value("respgate_upstream_lanes"))
        self.assertGreater(node["lanes"], 0)

    def test_a_failed_reload_is_told(self):
        generation = self.summary()["generation"]
        users = self.gate.users_path.read_text()
        try:
            self.gate.users_path.write_text("user x on +@nonsense\n")
            self.gate.reload()
            self.assertEqual((self.summary()["last_reload"], self.summary()["generation"]), ("failure", generation))
        finally:
            self.gate.users_path.write_text(users)
            self.gate.reload()
        wait_until(lambda: self.summary()["last_reload"] == "success", "reloaded")
        self.assertGreater(self.summary()["generation"], generation)

    def test_the_posture_is_what_check_prints(self):
        findings = json.loads(self.gate.admin.get("/posture"))
        self.assertEqual({finding["sec"] for finding in findings} - set(range(1, 8)), set())
        printed = run_respgate("check", "-c", str(self.gate.config_path)).stdout.splitlines()
        lines = [line for line in printed if line.startswith("SEC ")]
        self.assertEqual(len(lines), len(findings))
        for finding, line in zip(findings, lines):
            self.assertEqual(line.split()[1:3], [str(finding["sec"]), finding["level"]])
            self.assertIn(finding["what"], line)

    def test_users_are_told_with_their_dangerous_commands(self):
        users = {user["name"]: user for user in json.loads(self.gate.admin.get("/users"))}
        self.assertEqual(users["alice"]["dangerous"], [])
        self.assertIn("flushdb", users["root"]["dangerous"])
        self.assertIn("config|set", users["root"]["dangerous"])
        self.assertNotIn("flushall", users["root"]["dangerous"], "a rule denies it")
        self.assertEqual([users[name]["nopass"] for name in ("alice", "default")], [False, False])


if __name__ == "__main__":
    unittest.main()
