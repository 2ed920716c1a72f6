#!/usr/bin/env python3
"""/metrics after known events: each counter exactly right, and no name that a client invented in any of them."""

import unittest

from harness.cases import GateCase
from harness.deadline import wait_until
from harness.observation import audit_lines
from harness.processes import Respgate
from harness.resp import Error

FAILURES = {
    "command": "respgate_command_authorization_failures_total",
    "key": "respgate_key_authorization_failures_total",
    "channel": "respgate_channel_authorization_failures_total",
    "database": "respgate_database_authorization_failures_total",
}
AUTHENTICATION = "respgate_authentication_failures_total"


def nonzero(metrics, *names):
    """The series of these metrics that are not 0, as {(name, labels): value}."""
    return {(name, labels): value for (name, labels), value in metrics.items() if name in names and value != 0}


class SecurityCountersTest(GateCase):
    def test_one_of_each_event_bumps_exactly_one_counter_each(self):
        fresh = self.gate.metrics()
        self.assertEqual(nonzero(fresh, AUTHENTICATION, *FAILURES.values(), "respgate_denied_commands_total"), {})

        anonymous = self.connect()
        self.assertIsInstance(anonymous.call("AUTH", "alice", "wrong"), Error)
        self.assertIsInstance(anonymous.call("GET", "a:1"), Error, "NOAUTH, which is not a failure")
        alice = self.connect("alice")
        self.assertIsInstance(alice.call("FLUSHALL"), Error)
        self.assertIsInstance(alice.call("GET", "b:1"), Error)
        self.assertIsInstance(alice.call("PUBLISH", "b:1", "x"), Error)
        self.assertEqual(alice.call("PUBLISH", "a:1", "x"), 0)
        self.assertEqual(alice.call("SET", "a:1", "x"), b"OK")

        def labels(**given):
            return tuple(sorted({"listener": "main", "user": "alice", **given}.items()))
        metrics = self.gate.metrics()
        self.assertEqual(nonzero(metrics, AUTHENTICATION, *FAILURES.values()), {
            (AUTHENTICATION, labels(reason="wrong_password")): 1,
            (FAILURES["command"], labels()): 1,
            (FAILURES["key"], labels()): 1,
            (FAILURES["channel"], labels()): 1,
        })
        self.assertEqual(nonzero(metrics, "respgate_denied_commands_total"), {
            ("respgate_denied_commands_total", (("command", "flushall"), ("reason", "command"))): 1,
            ("respgate_denied_commands_total", (("command", "get"), ("reason", "key"))): 1,
            ("respgate_denied_commands_total", (("command", "publish"), ("reason", "channel"))): 1,
        })
        for quiet in ("respgate_lane_desyncs_total", "respgate_pushes_dropped_total", "respgate_upstream_errors_total",
                      "respgate_connections_refused_total", "respgate_command_rule_hits_total", "respgate_observed_denials_total",
                      "respgate_audit_dropped_total"):
            self.assertEqual(nonzero(metrics, quiet), {})
        self._audit_tells_the_same()

    def _audit_tells_the_same(self):
        def told():
            return [(line.get("user"), line.get("command"), line.get("reason")) for line in self.gate.audit()
                    if line.get("verdict") in ("denied", "failed")]
        wait_until(lambda: len(told()) >= 4, lambda: f"four audit lines: {self.gate.audit()}")
        self.assertEqual([event[2] for event in told()], ["wrong_password", "command", "key", "channel"])
        self.assertEqual([event[1] for event in told()][1:], ["flushall", "get", "publish"])
        self.assertEqual({event[0] for event in told()}, {"alice"})
        raw = self.gate.audit_path.read_text()
        for secret in ("wrong\"", "alice-secret", "b:1"):
            self.assertNotIn(secret, raw, "audit holds no password, and keys only hashed")


class FreshTest(GateCase):
    def test_every_user_has_its_counters_from_the_start(self):
        metrics = self.gate.metrics()
        for user in ("alice", "bob", "reader", "root", "sleeper", "default"):
            for name in FAILURES.values():
                self.assertEqual(metrics.value(name, listener="main", user=user), 0)
            for reason in ("wrong_password", "user_off", "locked_out"):
                self.assertEqual(metrics.value(AUTHENTICATION, listener="main", user=user, reason=reason), 0)
        self.assertEqual(metrics.value(AUTHENTICATION, user="(unknown)", reason="unknown_user"), 0)
        self.assertEqual(metrics.value("respgate_reload_success"), 1)
        self.assertEqual(metrics.value("respgate_build_info"), 1)


class SeriesTest(GateCase):
    changes = {"limits": {"auth_failures": {"max": 0}}}  # or a thousand wrong guesses would take a thousand seconds

    def test_a_thousand_invented_names_add_no_series(self):
        client = self.connect("alice")
        self.assertIsInstance(client.call("NOSUCH"), Error)
        self.assertIsInstance(client.call("AUTH", "nobody", "x"), Error)
        before = self.gate.metrics()
        replies = client.pipeline(*((f"invented{n}", "x") for n in range(1000)), *(("CONFIG", f"INVENTED{n}") for n in range(1000)),
                                  *(("AUTH", f"stranger{n}", "x") for n in range(1000)))
        self.assertTrue(all(isinstance(reply, Error) for reply in replies))
        after = self.gate.metrics()
        self.assertEqual({key for key in after if key[0] != "respgate_denied_commands_total"},
                         {key for key in before if key[0] != "respgate_denied_commands_total"})
        text = self.gate.admin.get("/metrics").lower()
        self.assertNotIn("invented", text)
        self.assertNotIn("stranger", text)
        self.assertEqual(after.value(AUTHENTICATION, user="(unknown)", reason="unknown_user")
                         - before.value(AUTHENTICATION, user="(unknown)", reason="unknown_user"), 1000)
        self.assertLessEqual(len(after) - len(before), 2, "at most config's own row")

    def test_connections_and_commands_are_counted(self):
        before = self.gate.metrics()
        client = self.connect("alice")
        client.pipeline(*[("SET", "a:1", "x")] * 5, *[("ECHO", "x")] * 3, *[("SET", "b:1", "x")] * 2)
        after = self.gate.metrics()
        for result, expected in (("forwarded", 5), ("denied", 2)):
            self.assertEqual(after.value("respgate_commands_total", listener="main", result=result)
                             - before.value("respgate_commands_total", listener="main", result=result), expected)
        self.assertGreaterEqual(after.value("respgate_commands_total", listener="main", result="local")
                                - before.value("respgate_commands_total", listener="main", result="local"), 3)
        self.assertEqual(after.value("respgate_connections_total", listener="main")
                         - before.value("respgate_connections_total", listener="main"), 1)
        self.assertGreaterEqual(after.value("respgate_connections", listener="main"), 1)


class RulesTest(GateCase):
    changes = {"commands": {
        "rename": {"CONFIG": "cfg-hidden", "DEBUG": ""},
        "rules": [
            {"match": ["FLUSHALL", "FLUSHDB"], "users": ["root"], "action": "rewrite", "to": ["FLUSHDB", "ASYNC"]},
            {"match": ["KEYS", "CONFIG|SET"], "action": "deny", "message": "use the runbook"},
            {"match": ["SAVE"], "action": "observe"},
        ]}}

    def test_each_rule_answers_as_written_and_is_counted(self):
        root = self.connect("root")
        self.assert_error(root.call("KEYS", "*"), "NOPERM respgate: 'keys' is blocked by policy: use the runbook")
        self.assert_error(root.call("cfg-hidden", "SET", "maxmemory", "0"),
                          "NOPERM respgate: 'config|set' is blocked by policy: use the runbook")
        self.assert_error(root.call("CONFIG", "GET", "maxmemory"),
                          "ERR unknown command 'CONFIG', with args beginning with: 'GET' 'maxmemory' ")
        self.assertEqual(root.call("cfg-hidden", "GET", "maxmemory"), [b"maxmemory", b"0"])
        self.assertTrue(root.call("DEBUG", "SLEEP", "0").startswith(b"ERR unknown command 'DEBUG'"))
        self.assertEqual(root.call("SAVE"), b"OK")
        root.call("SET", "k", "v")
        root.call("SELECT", "1")
        root.call("SET", "k", "v")
        self.assertEqual(root.call("FLUSHALL"), b"OK")
        self.assertEqual(root.pipeline(("EXISTS", "k"), ("SELECT", "0"), ("EXISTS", "k")), [0, b"OK", 1])
        metrics = self.gate.metrics()
        for command, action in (("keys", "deny"), ("config|set", "deny"), ("flushall", "rewrite"), ("save", "observe")):
            with self.subTest(command):
                self.assertEqual(metrics.value("respgate_command_rule_hits_total", user="root", command=command, action=action), 1)


class RewrittenTest(GateCase):
    changes = {"commands": {"rules": [{"match": ["FLUSHALL"], "users": ["alice"], "action": "rewrite", "to": ["FLUSHDB", "ASYNC"]}]}}

    def test_what_is_rewritten_and_then_denied_is_told_as_it_was_sent(self):
        self.assert_error(self.connect("alice").call("FLUSHALL"), "NOPERM this user has no permissions to run the 'flushdb' command")
        denied = wait_until(lambda: [line for line in self.gate.audit() if line["verdict"] == "denied"], "the audit has it")
        self.assertEqual([(line["command"], line["reason"], line["detail"]) for line in denied], [("flushdb", "command", "sent as flushall")])


class ObserveTest(GateCase):
    changes = {"enforcement": "observe"}

    def test_what_would_be_denied_is_counted_and_allowed(self):
        alice = self.connect("alice")
        before = self.gate.metrics()
        self.assertEqual(alice.call("SET", "b:seen", "x"), b"OK")
        after = self.gate.metrics()
        self.assertEqual(after.value("respgate_observed_denials_total", user="alice", command="set", reason="key"), 1)
        self.assertEqual(nonzero(after, *FAILURES.values()), nonzero(before, *FAILURES.values()))

    def test_it_never_opens_logins_unknown_commands_or_scripts(self):
        anonymous = self.connect()
        self.assertIsInstance(anonymous.call("AUTH", "alice", "wrong"), Error)
        self.assertIsInstance(anonymous.call("GET", "a:1"), Error)
        alice = self.connect("alice")
        for words in (("NOSUCH",), ("EVAL", "return 1", "0"), ("MONITOR",), ("ZUNION", "x", "a:1")):
            with self.subTest(words):
                self.assertIsInstance(alice.call(*words), Error)


class EmfTest(GateCase):
    def test_the_reports_add_up_to_the_metrics(self):
        """One report comes by itself, the last one when respgate ends; between them nothing is lost or told twice."""
        file = self.directory / "metrics.emf"
        gate = Respgate(self.directory, self.server, self.users, name="emf",
                        changes={"metrics": {"cloudwatch_emf": {"file": str(file), "namespace": "Shop", "interval": "1s"}}})
        self.addCleanup(gate.stop)
        with gate.client() as client:
            self.assertIsInstance(client.call("AUTH", "nobody", "wrong"), Error)
            self.assertIsInstance(client.call("AUTH", "alice", "wrong"), Error)
            self.assertIsInstance(client.login("alice", "alice-secret").call("GET", "b:1"), Error)

            def lines():
                return audit_lines(file)
            wait_until(lambda: any(line["KeyAuthorizationFailures"] for line in lines()), "a report")
            self.assertIsInstance(client.call("FLUSHALL"), Error)
        gate.stop()

        def total(metric, **dimensions):
            return sum(line[metric] for line in lines() if {name: line.get(name) for name in ("Listener", "User")} ==
                       {"Listener": None, "User": None, **dimensions})
        self.assertEqual(total("AuthenticationFailures", Listener="main", User="(unknown)"), 1)
        self.assertEqual(total("AuthenticationFailures", Listener="main", User="alice"), 1)
        for dimensions in ({}, {"Listener": "main"}):
            self.assertEqual(total("AuthenticationFailures", **dimensions), 2)
            self.assertEqual(total("CommandAuthorizationFailures", **dimensions), 1)
            self.assertEqual(total("KeyAuthorizationFailures", **dimensions), 1)
            self.assertEqual(total("ChannelAuthorizationFailures", **dimensions), 0)
            self.assertEqual(total("NewConnections", **dimensions), 1)
        self.assertEqual({line["_aws"]["CloudWatchMetrics"][0]["Namespace"] for line in lines()}, {"Shop"})


if __name__ == "__main__":
    unittest.main()
