#!/usr/bin/env python3
"""The admin port's page in a headless Chromium, with markup and worse in every field that it shows."""

import os
import unittest

from harness.cases import USERS
from harness.deadline import wait_until
from harness.page_cases import PageCase
from harness.pki import Authority
from harness.processes import Directory, RedisServer, free_port
from harness.resp import Error

IMAGE = "<img src=x onerror=window.xss=1>"
# Without blanks, so that they may be names of users.
MARKUP = [
    "<script>window.xss=1</script>", "<img/src=x/onerror=window.xss=1>", '"><svg/onload=window.xss=1>', "'/onfocus='window.xss=1'/autofocus='",
    "</script><script>window.xss=1</script>", "</title></style></textarea></caption></table><img/src=x/onerror=window.xss=1>",
    "<!--><img/src=x/onerror=window.xss=1>", "javascript:window.xss=1", "data:text/html,<script>window.xss=1</script>",
    "{{constructor.constructor('window.xss=1')()}}", "${window.xss=1}", "`;window.xss=1;`", "\\\\';window.xss=1;//",
    "&lt;img/src=x/onerror=window.xss=1&gt;", "&#60;script&#62;window.xss=1&#60;/script&#62;", "%3Cscript%3Ewindow.xss=1%3C/script%3E",
    "\\u003cscript\\u003ewindow.xss=1", "<style>*{display:none}</style>", "<base/href=//evil.example>", "<form/id=content>", "__proto__", "constructor",
    "\u202egnp.\u2066<b>", "\uff1cscript\uff1e", "<a/href=javascript:window.xss=1>x</a>", "<iframe/srcdoc='<script>window.xss=1</script>'>",
]
BYTES = [b"line\r\nbreak<b>", b"nul\0<b>", b"\xff\xfe<script>window.xss=1</script>", b"\x1b[31m<b>", b"tab\t" + IMAGE.encode(), b"<b>" * 500]

# Elements and attributes that the page has never made, and what a script that got in would have left.
STRANGERS = """
const known = new Set(('a body button caption code dd details div dl dt form h1 h2 header input label li main nav noscript option p script section ' +
  'select span summary table tbody td th thead time tr ul').split(' '));
const isKnown = (at) => known.has(at.localName) && ![...at.attributes].some(({name}) => /^(on|style|src)/.test(name));
const strangers = [...document.querySelectorAll('body, body *')].filter((at) => !isKnown(at)).map((at) => at.outerHTML.slice(0, 200));
const scripts = document.scripts.length;
return [window.xss ?? null, Object.prototype.xss ?? null, scripts, strangers];
"""


def shown(text):
    """As log_text() shows it."""
    data = text.encode() if isinstance(text, str) else text
    spelled = "".join(chr(c) if 0x20 <= c <= 0x7e and c not in b'"\\' else f"\\x{c:02x}" for c in data[:128])
    return spelled + (f"\\...{len(data) - 128} more bytes" if len(data) > 128 else "")


class HostileTest(PageCase):
    users = USERS + "".join(f"user {name} on >secret ~{name}:* &{name} -@all +get\n" for name in MARKUP)

    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.server = RedisServer(self.directory, name=f"redis{IMAGE}")
        self.addCleanup(self.server.stop)
        authority = Authority(self.directory)
        certificate, key = authority.issue("x", f"DNS:{IMAGE},DNS:gate", f"/CN={IMAGE}/O=<script>window.xss=1<\\/script>", file=f"tls{IMAGE}")
        self.start_gate({"limits": {"auth_failures": {"max": 1000}},  # so many failures would be answered ever later
                         "listeners": [{"address": f"unix:{self.directory / f'gate{IMAGE}.sock'}"},
                                       {"address": f"127.0.0.1:{free_port()}", "tls": {"cert_file": certificate, "key_file": key}}]},
                        name=f"gate{IMAGE}")
        self.make_trouble()
        self.open_page()

    def make_trouble(self):
        client = self.connect("alice")
        for name in MARKUP:
            self.assertIsInstance(client.call("AUTH", name, "wrong"), Error)
            self.assertIsInstance(client.call("GET", name), Error)
            self.assertIsInstance(client.call("SUBSCRIBE", f"channel:{name}"), Error)
            self.assertIsInstance(client.call(name, name), Error)
        for name in (*BYTES, *(f"nobody:{name}" for name in MARKUP)):
            self.assertIsInstance(client.call("AUTH", name, "wrong"), Error)
            self.assertIsInstance(client.call("GET", name), Error)
        for name in MARKUP:
            if name.isascii():
                self.gate.admin.request("POST", f"/kill?user={name}")
        broken = self.directory.write("next.acl", f"user {MARKUP[1]} on +@{MARKUP[0]}\n")
        os.replace(broken, self.gate.users_path)
        self.gate.reload()
        self.assertEqual(self.gate.metrics().value("respgate_reload_success"), 0)
        wait_until(lambda: '"kind":"reload"' in self.gate.admin.get("/events?n=1000"), "the reload is an event")

    def test_every_field_shows_it_as_text(self):
        while self.browser.run("return !document.getElementById('events-more').hidden"):
            self.browser.click("#events-more")
        events = self.rows("events-table")
        column = lambda i: {row[i] for row in events}
        users = self.rows("users-table")
        for name in MARKUP:
            with self.subTest(name):
                self.assertIn(shown(name), column(2))
                self.assertIn(shown(f"nobody:{name}"), column(2))
                self.assertIn(shown(name), column(6))
                self.assertIn(shown(f"channel:{name}"), column(6))
                rules = next(row[4] for row in users if row[0] == shown(name))
                self.assertIn(f"~{shown(name)}:*", rules)
                self.assertIn(shown(name), [row[0] for row in self.rows("users-failures")])
        for data in BYTES:
            self.assertIn(shown(data), column(2))
            self.assertIn(shown(data), column(6))
        self.assertIn("POST /kill?user=" + shown(MARKUP[1]), column(7))
        self.assertTrue(any(row[1] == "reload failed" and "window.xss" in row[7] for row in events))
        self.assertTrue(any(IMAGE in peer for peer in column(3)))
        self.assertTrue(any(IMAGE in listener for listener in column(4)))
        self.assertIn(IMAGE, self.rows("sources-failures")[0][0])
        self.assertIn(IMAGE, self.rows("upstream-table")[0][0])
        self.assertTrue(any("window.xss" in " ".join(row) for row in self.rows("posture-table")), self.rows("posture-table"))
        certificate = self.rows("certificates-table")[0]
        self.assertIn(IMAGE, certificate[3])
        self.assertIn(f"{IMAGE}, gate", certificate[4])
        self.assertIn(IMAGE, certificate[5])
        self.assert_nothing_got_in()
        self.assert_it_can_be_read("hostile")

    def assert_nothing_got_in(self):
        self.assertEqual(self.browser.run(STRANGERS), [None, None, 1, []])
        self.assert_no_complaints()

    def test_the_policy_of_the_page_would_stop_it_too(self):
        for attempt in ("document.body.innerHTML = '<b>'", "document.body.setAttribute('onclick', 'window.xss=1')",
                        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.xss=1'}))",
                        "document.write('<b>')"):
            with self.subTest(attempt):
                self.assertEqual(self.browser.run(f"try {{ {attempt}; return 'done' }} catch (error) {{ return error.name }}"), "TypeError")
        self.browser.run("document.body.append(Object.assign(document.createElement('img'), {src: 'http://127.0.0.1:1/picture'}))")
        self.browser.wait("return fetch('http://127.0.0.1:1/').then(() => 'answered', () => 'refused')")
        complaints = " ".join(self.browser.complaints())
        self.assertIn("img-src", complaints)
        self.assertIn("connect-src", complaints)
        self.assertIsNone(self.browser.run("return window.xss ?? null"))


if __name__ == "__main__":
    unittest.main()
