#!/usr/bin/env python3
"""Alert rules, dashboard and the README's table speak of metrics and labels that a running respgate has, and of nothing else."""

import json
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

from harness.cases import USERS
from harness.pki import Authority, TlsClient, client_context
from harness.processes import ROOT, Directory, RedisServer, Respgate, free_port

RULES = ROOT / "conf/prometheus/respgate.rules.yml"
RULES_TEST = ROOT / "tests/data/respgate.rules.test.yml"
DASHBOARD = ROOT / "conf/grafana/respgate.json"
# What Prometheus puts on every series of a target, and what belongs to a histogram.
OF_PROMETHEUS = {"instance", "job"}
SUFFIXES = ("_bucket", "_sum", "_count")


def metrics_in(expression):
    return set(re.findall(r"\brespgate_\w+", expression))


def labels_in(expression):
    """Those that an expression of PromQL selects by, groups by or matches on."""
    labels = set()
    for words in re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", expression):
        labels |= {word.strip() for word in words.split(",")}
    for selector in re.findall(r"\{([^}]*)\}", expression):
        labels |= set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
    return labels


def expressions_of_rules():
    """[(what it is called, expression, the labels that its texts use)]"""
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"], set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values())))


def expressions_of_dashboard():
    dashboard = json.loads(DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"], set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    for one in dashboard["annotations"]["list"]:
        yield one["name"], one["expr"], set(re.findall(r"\{\{(\w+)\}\}", one["textFormat"]))
    for one in dashboard["templating"]["list"]:
        if one["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", one["definition"]).groups()
            yield one["name"], metric, {label}


class MonitoringTest(unittest.TestCase):
    """Beside a respgate with TLS, a rule and observe mode, after one of each event that makes a series."""

    @classmethod
    def setUpClass(cls):
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        server = RedisServer(cls.directory)
        cls.addClassCleanup(server.stop)
        authority = Authority(cls.directory)
        certificate, key = authority.issue("server")
        port = free_port()
        listeners = [{"name": "tls", "address": f"127.0.0.1:{port}", "tls": {"cert_file": certificate, "key_file": key}}]
        gate = Respgate(cls.directory, server, USERS, {
            "listeners": listeners, "enforcement": "observe", "audit": {"key_file": str(cls.directory.write("audit-key", "5a" * 32 + "\n"))},
            "commands": {"rules": [{"match": ["KEYS"], "action": "deny"}]}})
        cls.addClassCleanup(gate.stop)
        with TlsClient(("127.0.0.1", port), client_context(authority)) as client:
            client.call("AUTH", "alice", "wrong")
            client.login("alice", "alice-secret")
            client.call("NOSUCH")
            client.call("GET", "b:1")
        cls.labels, cls.types = {}, {}
        text = gate.admin.get("/metrics")
        cls.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
        for name, labels in gate.metrics():
            cls.labels.setdefault(name, set()).update(label for label, _ in labels)

    def families(self, names):
        """The names that /metrics declares, for those of series."""
        for name in names:
            family = next((name[:-len(suffix)] for suffix in SUFFIXES if name.endswith(suffix) and name not in self.types), name)
            yield family

    def assert_known(self, where, expression, labels):
        names = metrics_in(expression)
        self.assertTrue(names, where)
        for name in names:
            self.assertIn(name, self.labels, where)
        known = OF_PROMETHEUS.union(*(self.labels[name] for name in names))
        self.assertLessEqual(labels_in(expression) | labels, known, where)

    def test_the_alerts_ask_for_what_there_is(self):
        for where, expression, labels in expressions_of_rules():
            self.assert_known(where, expression, labels)

    def test_the_dashboard_asks_for_what_there_is(self):
        for where, expression, labels in expressions_of_dashboard():
            self.assert_known(where, expression, labels)

    def test_rates_are_of_counters_and_levels_of_gauges(self):
        for where, expression, _ in [*expressions_of_rules(), *expressions_of_dashboard()]:
            counted = set(re.findall(r"\b(?:rate|increase)\((respgate_\w+)", expression))
            for name in metrics_in(expression):
                family, = self.families([name])
                if self.types[family] == "gauge":
                    self.assertNotIn(name, counted, where)
                elif " unless " not in expression:  # which asks whether a series was there
                    self.assertIn(name, counted, where)

    def test_the_readme_names_metrics_and_labels_that_there_are(self):
        text = (ROOT / "README.md").read_text()
        table = re.search(r"^\| metric \| labels \| says \|\n\|---\|---\|---\|\n((?:\|.*\n)+)", text, re.MULTILINE)[1]
        for row in table.splitlines():
            names, labels = row.split("|")[1:3]
            for name in re.findall(r"`(respgate_\w+)`", names):
                self.assertIn(name, self.labels, row)
                wanted = {word.strip() for word in re.split(r"[,/]", labels)} - {""}
                self.assertLessEqual(self.labels[name], wanted, row)
        for name in metrics_in(text):
            if not name.endswith("_"):  # `respgate_key_…`
                self.assertIn(name, self.labels)

    def test_this_test_bites(self):
        for expression in ("respgate_nosuch > 0", 'respgate_upstream_lanes{user="x"}', "sum by (user) (respgate_upstream_lanes)"):
            with self.assertRaises(AssertionError):
                self.assert_known("here", expression, set())

    def test_the_dashboard_lays_its_panels_out_side_by_side(self):
        taken = set()
        for panel in json.loads(DASHBOARD.read_text())["panels"]:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells

    @unittest.skipUnless(shutil.which("promtool"), "needs promtool")
    def test_alerts_fire_when_they_should_and_not_when_they_should_not(self):
        with tempfile.TemporaryDirectory() as folder:
            for file in (RULES, RULES_TEST):
                shutil.copy(file, folder)
            for words in (["check", "rules", RULES.name], ["test", "rules", RULES_TEST.name]):
                done = subprocess.run(["promtool", *words], cwd=folder, capture_output=True, text=True, timeout=120)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_alert_is_made_to_fire_by_those_tests(self):
        text = RULES_TEST.read_text()
        for name, _, _ in expressions_of_rules():
            self.assertIn(name, text)


if __name__ == "__main__":
    unittest.main()
