#!/usr/bin/env python3
"""The admin port's page in a headless Chromium, in front of a running respgate.

Where Chromium is not installed it is skipped; `make test-page` installs it and skips nothing.  With
RESPGATE_TEST_SCREENSHOTS=DIRECTORY, pictures of the page are left there.
"""

import json
import unittest

from harness.browser import ENTER, SPACE, TAB
from harness.deadline import wait_until
from harness.page_cases import PageCase
from harness.processes import Respgate, free_port
from harness.resp import Error

TOKEN = "s3cret-token"


class EmptyTest(PageCase):
    def test_before_anything_has_happened(self):
        self.assertEqual(self.browser.text("#state"), "ready")
        self.assertEqual(self.browser.text("#events-count"), "0")
        self.assertEqual(self.browser.text("#events-table tbody"), "No events.")
        self.assertEqual(self.browser.text("#users-failures tbody"), "None since the start.")
        self.assertEqual(self.browser.text("#certificates-table tbody"), "No listener has a certificate.")
        self.wait_rows("listeners-table", [["main", "0", "0", "0", "0", "0"]])
        self.assertEqual(self.rows("upstream-table")[0][0], self.server.node)
        self.assert_it_can_be_read("empty")
        self.assert_no_complaints()

    def test_users_and_what_they_may_do(self):
        self.connect("alice")
        self.assertEqual([row[0] for row in self.rows("users-table")], ["alice", "bob", "default", "reader", "root", "sleeper"])
        by_name = {row[0]: row for row in self.rows("users-table")}
        self.assertEqual(by_name["alice"][3], "none")
        self.assertIn("~a:*", by_name["alice"][4])
        self.assertIn("flushall", by_name["root"][3])
        self.assertRegex(by_name["root"][3], r"^\d\d dangerous ")
        self.assertEqual(by_name["sleeper"][1:4], ["off", "0", "none"])
        self.browser.click("#users-filter")
        self.browser.press(*"flushall")
        self.browser.wait("return document.getElementById('users-count').textContent === '1 of 6'")

    def test_the_posture_with_the_worst_first(self):
        findings = json.loads(self.gate.admin.get("/posture"))
        rows = self.rows("posture-table")
        self.assertEqual(len(rows), len(findings))
        rank = ["FAIL", "warn", "ok"]
        self.assertEqual([row[1] for row in rows], sorted((finding["level"] for finding in findings), key=rank.index))
        self.assertTrue(all(any(finding["what"] in row[2] for row in rows) for finding in findings))

    def test_an_event_appears_by_itself_and_is_counted(self):
        alice = self.connect("alice")
        self.assertIsInstance(alice.call("GET", "b:1"), Error)
        row = self.wait_row("events-table", "alice", "b:1")
        self.assertEqual(row[1:], ["denied key", "alice", f"{self.gate.path}:0", "main", "get", "b:1", ""])
        self.assertIsInstance(alice.call("AUTH", "alice", "wrong"), Error)
        self.wait_rows("users-failures", [["alice", "1", "0", "1", "0", "0"]])
        self.wait_rows("sources-failures", [[self.gate.path, "1", "1", "alice"]])

    def test_pausing_stops_the_questions_and_looking_goes_on(self):
        self.browser.click("#pause")
        self.assertEqual(self.browser.text("#connection"), "Paused")
        self.browser.wait("return !isAsking")
        asked = "return performance.getEntriesByType('resource').length"
        before = self.browser.run(asked)
        self.assertIsInstance(self.connect("alice").call("GET", "b:1"), Error)
        self.browser.run("return askAgain()")  # what the timer and the return to the tab do
        self.assertEqual(self.browser.run(asked), before)
        self.browser.click("#pause")
        self.wait_row("events-table", "b:1")

    def test_a_gate_that_is_gone_is_missed_and_its_successor_is_seen(self):
        self.gate.stop()
        self.browser.wait("return document.getElementById('connection').textContent.startsWith('No answer since ')")
        self.assertIn("problem", self.browser.run("return document.getElementById('connection').className"))
        self.gate = Respgate(self.directory, self.server, self.users, {"admin": {"address": self.address}})
        self.addCleanup(self.gate.stop)
        self.wait_live()
        self.browser.complaints()


class CrowdedTest(PageCase):
    def test_ten_thousand_events(self):
        alice = self.connect("alice")
        for first in range(0, 10_000, 500):
            replies = alice.pipeline(*(("GET", f"b:{i}") for i in range(first, first + 500)))
            self.assertTrue(all(isinstance(reply, Error) for reply in replies))
        self.wait_row("events-table", "b:9999")
        self.browser.wait("return document.getElementById('events-count').textContent === '1,000'")
        self.wait_rows("users-failures", [["alice", "0", "0", "10,000", "0", "0"]])
        self.assertEqual(len(self.rows("events-table")), 100)
        self.assert_it_can_be_read("crowded")
        self.look_through()
        self.assert_no_complaints()

    def look_through(self):
        self.browser.look_like("light", 1400)
        self.assertEqual(self.browser.text("#events-more"), "Show 100 more")
        self.browser.click("#events-more")
        self.assertEqual(len(self.rows("events-table")), 200)
        self.browser.click("#events-filter")
        self.browser.press(*"b:9")
        self.browser.wait("return document.getElementById('events-count').textContent === '1,000'")
        self.browser.press(*"99")
        self.browser.wait("return document.getElementById('events-count').textContent === '10 of 1,000'")
        self.assertEqual([row[6] for row in self.rows("events-table")], [f"b:{i}" for i in range(9999, 9989, -1)])
        # A row that is still there is the same element, and what has the focus keeps it.
        self.browser.run("document.querySelector('#events-table tbody tr').seenBefore = true")
        self.assertIsInstance(self.connect("alice").call("SET", "b:999x", "1"), Error)
        self.wait_row("events-table", "b:999x")
        self.assertTrue(self.browser.run("return document.querySelectorAll('#events-table tbody tr')[1].seenBefore"))
        self.assertEqual(self.browser.run("return document.activeElement.id"), "events-filter")
        self.browser.run("document.getElementById('events-kind').value = 'auth'; document.getElementById('events-kind').dispatchEvent(new Event('change'))")
        self.assertEqual(self.browser.text("#events-table tbody"), "No events.")


class KeyboardTest(PageCase):
    FOCUS = """
      const at = document.activeElement;
      const style = getComputedStyle(at);
      return {name: at.id || at.getAttribute('aria-label') || at.textContent.slice(0, 30), tag: at.localName,
              ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2, seen: at.checkVisibility()};
    """

    def test_everything_is_reached_and_shows_that_it_is(self):
        reached = []
        for _ in range(60):
            self.browser.press(TAB)
            focus = self.browser.run(self.FOCUS)
            if focus["tag"] == "body":
                break
            self.assertTrue(focus["ring"] and focus["seen"], focus)
            reached.append(focus["name"])
        self.assertEqual(reached[:3], ["Skip to the content", "pause", "Events"])
        for name in ("events-kind", "events-filter", "Failures by user", "Failures by source", "users-filter", "Listeners", "Upstream"):
            self.assertIn(name, reached)
        self.assertIn("summary", self.browser.run("return [...document.querySelectorAll('#users-table details > *')].map(at => at.localName)"))

    def test_the_first_stop_leads_past_the_head(self):
        self.browser.press(TAB, ENTER)
        self.assertEqual(self.browser.run("return document.activeElement.id"), "main")
        self.browser.press(TAB)
        self.assertEqual(self.browser.run("return document.activeElement.id"), "events-kind")

    def test_keys_do_what_clicks_do(self):
        self.browser.press(TAB, TAB, SPACE)
        self.assertEqual(self.browser.run("return document.getElementById('pause').getAttribute('aria-pressed')"), "true")
        self.browser.run("document.querySelector('#users-table summary').focus()")
        self.browser.press(ENTER)
        self.assertTrue(self.browser.run("return document.querySelector('#users-table details').open"))

    def test_tables_stay_tables_for_a_screen_reader_in_every_width(self):
        for width in (390, 1400):
            self.browser.look_like("light", width)
            tree = self.browser.accessibility()
            roles = [role for role, _ in tree]
            with self.subTest(width=width):
                self.assertEqual(roles.count("table"), self.browser.run("return document.querySelectorAll('table').length"))
                self.assertGreater(roles.count("row"), 6)
                self.assertGreater(roles.count("rowheader"), 6)
                self.assertTrue(any(role == "rowheader" and name.endswith("alice") for role, name in tree))
                for landmark in ("banner", "navigation", "main"):
                    self.assertEqual(roles.count(landmark), 1, landmark)
                self.assertEqual(roles.count("status"), 1)
        headings = self.browser.run("return [...document.querySelectorAll('thead th')].filter(cell => cell.scope !== 'col').length")
        self.assertEqual(headings, 0)


class TokenTest(PageCase):
    admin_host = "0.0.0.0"

    def start_gate(self, changes=None, **options):
        token_file = self.directory.write("token", TOKEN + "\n")
        self.address = f"{self.admin_host}:{free_port()}"
        self.gate = Respgate(self.directory, self.server, self.users, {"admin": {"address": self.address, "token_file": str(token_file)}},
                             admin_token=TOKEN)
        self.addCleanup(self.gate.stop)

    def wait_live(self):
        self.browser.wait("return document.activeElement.id === 'token'")

    def give(self, token):
        self.browser.click("#token")
        self.browser.press(*token, ENTER)

    def test_it_asks_for_the_token_and_keeps_it_to_itself(self):
        self.assertFalse(self.browser.run("return document.getElementById('content').checkVisibility()"))
        self.assertEqual(json.loads(self.gate.admin.get("/events")), [], "nothing was asked without a token")
        self.give("wr ong")
        self.assertEqual(self.browser.text("#token-problem"), "A token is one word of printable ASCII.")
        self.assert_no_complaints()
        self.give("wrong")
        self.browser.wait("return document.getElementById('token-problem').textContent === 'That is not the token.'")
        complaints = wait_until(self.browser.complaints, "the browser says that it was refused")
        self.assertRegex("\n".join(complaints), r"^SEVERE \S+/summary - .* 401 .*$")
        self.assertEqual(len(complaints), 1, "one wrong token, one refusal")
        self.give(TOKEN)
        super().wait_live()
        self.wait_row("events-table", "admin refused", "GET /summary")
        self.assertEqual(self.browser.run("return [localStorage.length, sessionStorage.length, document.cookie, document.getElementById('token').value]"),
                         [0, 0, "", ""])
        self.assertNotIn(TOKEN, self.browser.run("return document.documentElement.outerHTML"))
        self.assert_no_complaints()
        self.browser.click("#forget")
        self.wait_live()
        self.assertEqual(self.rows("events-table"), [])


if __name__ == "__main__":
    unittest.main()
