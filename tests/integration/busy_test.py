#!/usr/bin/env python3
"""A server that runs somebody's script and refuses everything meanwhile: clients are told so, and can end it."""

import unittest

from harness.cases import GateCase
from harness.deadline import wait_until

BUSY = b"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
FOR_EVER = "while true do end"


class BusyServer(GateCase):
    changes = {"upstream": {"sentinel": {"mode": "on", "interval": "1ms", "every": 1}}}
    server_options = ("--busy-reply-threshold", "1")

    def setUp(self):
        self.waiting = self.connect("root")

    def keep_busy(self, asking):
        self.waiting.send("EVAL", FOR_EVER, "0")
        wait_until(lambda: asking.call("GET", "a:k") == BUSY, "the server is busy")

    def assert_ended(self, asking):
        self.assertIn(b"Script killed by user", self.waiting.read())
        self.assertEqual(asking.call("GET", "a:k"), None)
        self.assertEqual(self.gate.metrics().value("respgate_lane_desyncs_total"), 0)

    def test_it_is_busy_and_not_gone(self):
        asking, idle = self.connect("alice"), self.connect("alice")
        self.assertEqual(idle.call("GET", "a:k"), None)
        self.keep_busy(asking)
        self.assertEqual([bytes(reply) for reply in asking.pipeline(*[("GET", "a:k")] * 100)], [BUSY] * 100)
        for _ in range(100):
            self.assertEqual(asking.call("GET", "a:k"), BUSY)
        self.assertEqual(idle.call("GET", "a:k"), BUSY)
        self.assertEqual(self.connect("root").call("SCRIPT", "KILL"), b"OK")
        self.assert_ended(asking)

    def test_transactions_are_refused_as_by_the_server(self):
        asking = self.connect("alice")
        self.assertEqual(asking.pipeline(("MULTI",), ("EXEC",)), [b"OK", []])
        self.keep_busy(asking)
        for _ in range(20):
            replies = asking.pipeline(("MULTI",), ("INCR", "a:n"), ("EXEC",))
            self.assertEqual(replies[:2], [b"OK", BUSY])
            self.assert_error(replies[2], f"EXECABORT Transaction discarded because of: {BUSY.decode()}")
        self.assertEqual(self.connect("root").call("SCRIPT", "KILL"), b"OK")
        self.assert_ended(asking)

    def test_it_can_be_ended_from_any_database(self):
        asking, ending = self.connect("alice"), self.connect("root")
        self.assertEqual(ending.call("SELECT", "9"), b"OK")
        self.keep_busy(asking)
        # What stands behind it in the packet is asked in the database that was selected.
        self.assertEqual(ending.pipeline(("SCRIPT", "KILL"), ("CLIENT", "GETNAME"))[0], b"OK")
        self.assert_ended(asking)
        self.assertEqual(ending.pipeline(("SCRIPT", "KILL"), ("SET", "a:nine", "9"), ("GET", "a:nine"))[1:], [b"OK", b"9"])
        self.assertEqual(asking.call("GET", "a:nine"), None)


class BusyServerStrictly(BusyServer):
    changes = {"upstream": {"sentinel": {"mode": "strict"}}}


if __name__ == "__main__":
    unittest.main()
