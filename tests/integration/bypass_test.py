#!/usr/bin/env python3
"""Ways around the server's own ACL: each is shown to work on the server, and to be refused by the proxy.

The server's ACL looks for keys with a parser of its own, and the command with another; where the two
disagree, a user reaches keys that were never checked (redis pull requests 15478 and 15538, valkey 3971 and 4665).
Both servers load the same users.acl; the proxy's upstream login may do everything.
"""

import unittest

from harness.cases import GateCase
from harness.processes import RedisServer
from harness.resp import Error

USERS = """\
user default off
user app on >app-secret ~app:* &news &feed* +@all -@admin
user writer on >writer-secret %W~app:* +@all -@admin
user root on >root-secret ~* &* +@all
"""

SEED = [
    ("FLUSHALL",),
    ("SET", "secret", "TOP-SECRET"),
    ("XADD", "secret-stream", "1-1", "field", "TOP-SECRET"),
    ("XGROUP", "CREATE", "secret-stream", "streams", "0"),
    ("XGROUP", "CREATE", "secret-stream", "readers", "0"),
    ("GEOADD", "app:geo", "0", "0", "here"),
    ("RPUSH", "app:list", "3", "1", "2"),
    ("SET", "app:value", "OLD-VALUE"),
    ("XADD", "app:stream", "1-1", "field", "own"),
    # What the wrong reading of XREADGROUP takes for keys.
    ("XADD", "app:s1", "1-1", "field", "own"),
]

OVERWRITES = {  # after it, `secret` is no longer the string it was
    "GEORADIUS with two STORE": ("GEORADIUS", "app:geo", "0", "0", "10", "m", "STORE", "app:ok", "STORE", "secret"),
    "GEORADIUS with two STOREDIST":
        ("GEORADIUS", "app:geo", "0", "0", "10", "m", "STOREDIST", "app:ok", "STOREDIST", "secret"),
    "GEORADIUSBYMEMBER with two STORE": ("GEORADIUSBYMEMBER", "app:geo", "here", "10", "m", "STORE", "app:ok", "STORE", "secret"),
    "SORT into a list called get": ("SORT", "app:list", "STORE", "get", "STORE", "secret"),
    "SORT into a list called by": ("SORT", "app:list", "STORE", "by", "STORE", "secret"),
    "SORT into a list called limit": ("SORT", "app:list", "STORE", "limit", "STORE", "secret"),
}

# The server looks at the key `app:s1` (and at a word that is an option), the command reads `secret-stream`.
LEAKS = {
    "XREADGROUP by a group called streams":
        ("XREADGROUP", "COUNT", "1", "GROUP", "streams", "app:s1", "STREAMS", "secret-stream", ">"),
    "XREADGROUP by a consumer called streams":
        ("XREADGROUP", "NOACK", "GROUP", "readers", "streams", "STREAMS", "secret-stream", ">"),
}

# Option words end at a NUL for the server: what a reader of whole words takes for a value is an option.
# (who, a harmless use, what the server does with it; who, the same aimed at what that user may not touch)
HIDDEN_OPTIONS = {
    "SET with a GET behind a NUL": ("app", ("SET", "app:value", "new", b"GET\0zz"), b"OLD-VALUE",
                                    "writer", ("SET", "app:value", "new", b"GET\0zz")),
    "SORT with a STORE behind a NUL": ("app", ("SORT", "app:list", b"STORE\0x", "app:sorted"), 3,
                                       "app", ("SORT", "app:list", b"STORE\0x", "secret")),
    "XREAD with a STREAMS behind a NUL": ("app", ("XREAD", b"STREAMS\0zz", "app:stream", "0"),
                                          [[b"app:stream", [[b"1-1", [b"field", b"own"]]]]],
                                          "app", ("XREAD", b"STREAMS\0zz", "secret-stream", "0")),
    "GEORADIUS with a STORE behind a NUL": ("app", ("GEORADIUS", "app:geo", "0", "0", "10", "m", b"STORE\0x", "app:near"), 1,
                                            "app", ("GEORADIUS", "app:geo", "0", "0", "10", "m", b"STORE\0x", "secret")),
}

HIDDEN_PATTERNS = {  # granted: &news and &feed*, literally
    "a granted pattern, a NUL and more": b"feed*\0bar",
    "a granted channel, a NUL and a star": b"news\0*",
}


class BypassTest(GateCase):
    users = USERS
    # The names of the lists that SORT stores into are plain words: the user is granted them on purpose.
    words = " ~get ~by ~limit ~STREAMS"

    @classmethod
    def setUpClass(cls):
        cls.users = USERS.replace("~app:*", "~app:*" + cls.words, 1)
        super().setUpClass()
        cls.alone = RedisServer(cls.directory, "alone", users=cls.users)
        cls.addClassCleanup(cls.alone.stop)

    def setUp(self):
        self.alone_root = self.alone.client().login("root", "root-secret")
        self.alone_app = self.alone.client().login("app", "app-secret")
        self.upstream = self.connect_upstream()
        for client in (self.alone_root, self.alone_app):
            self.addCleanup(client.close)
        self.app = self.connect("app")
        self.seed()

    def seed(self):
        for root in (self.alone_root, self.upstream):
            for reply in root.pipeline(*SEED):
                self.assertNotIsInstance(reply, Error)

    def test_overwriting_another_key_works_on_the_server_and_is_refused_by_the_proxy(self):
        for name, attack in OVERWRITES.items():
            with self.subTest(name):
                self.seed()
                self.assertNotIsInstance(self.alone_app.call(*attack), Error)
                self.assertNotEqual(self.alone_root.call("TYPE", "secret"), b"string", "the server let it pass")
                self.assert_error(self.app.call(*attack),
                                  "NOPERM this user has no permissions to access one of the keys used as arguments")
                self.assertEqual(self.upstream.call("GET", "secret"), b"TOP-SECRET")

    def test_reading_another_stream_works_on_the_server_and_is_refused_by_the_proxy(self):
        for name, attack in LEAKS.items():
            with self.subTest(name):
                self.seed()
                self.assertIn(b"TOP-SECRET", self._wire(self.alone_app, attack), "the server let it pass")
                reply = self.app.call(*attack)
                self.assertIsInstance(reply, Error)
                self.assertNotIn(b"TOP-SECRET", reply)
                self.assertTrue(reply.startswith(b"NOPERM "), reply)

    def test_an_option_behind_a_nul_is_an_option_to_the_server_and_to_the_proxys_checks(self):
        for name, (user, harmless, effect, attacker, attack) in HIDDEN_OPTIONS.items():
            with self.subTest(name):
                self.seed()
                with self.alone.client().login(user, f"{user}-secret") as client:
                    self.assertEqual(client.call(*harmless), effect, "the server reads it as an option")
                reply = self.connect(attacker).call(*attack)
                self.assert_error(reply, "NOPERM this user has no permissions to access one of the keys used as arguments")
                self.assertEqual(self.upstream.pipeline(("GET", "secret"), ("GET", "app:value")), [b"TOP-SECRET", b"OLD-VALUE"])

    def test_a_pattern_behind_a_nul_is_granted_by_the_server_and_refused_by_the_proxy(self):
        for name, pattern in HIDDEN_PATTERNS.items():
            with self.subTest(name):
                subscriber = self.alone.client().login("app", "app-secret")
                self.addCleanup(subscriber.close)
                self.assertEqual(subscriber.call("PSUBSCRIBE", pattern), [b"psubscribe", pattern, 1], "the server let it pass")
                self.assertIsInstance(self.app.call("PSUBSCRIBE", pattern), Error)

    def test_a_channel_outside_the_grant_reaches_the_subscriber_of_a_hidden_pattern(self):
        self.alone_app.call("PSUBSCRIBE", b"news\0*")
        self.assertEqual(self.alone_root.call("PUBLISH", b"news\0private", "TOP-SECRET"), 1)
        self.assertEqual(self.alone_app.read(), [b"pmessage", b"news\0*", b"news\0private", b"TOP-SECRET"])

    def test_sort_may_not_fetch_foreign_values_by_pattern(self):
        self.upstream.pipeline(("SET", "w_1", "TOP-SECRET"), ("SET", "w_2", "x"), ("SET", "w_3", "y"))
        self.assert_error(self.app.call("SORT", "app:list", "GET", "w_*"),
                          "ERR GET option of SORT denied due to insufficient ACL permissions.")
        self.assert_error(self.app.call("SORT", "app:list", "BY", "w_*"),
                          "ERR BY option of SORT denied due to insufficient ACL permissions.")

    def test_a_script_cannot_run_with_the_rights_of_the_proxys_own_login(self):
        for attack in (("EVAL", "return redis.call('GET','secret')", "0"), ("EVAL_RO", "return redis.call('GET','secret')", "0"),
                       ("EVALSHA", "0" * 40, "0"), ("FCALL", "f", "0"), ("FCALL_RO", "f", "0")):
            with self.subTest(attack[0]):
                self.assert_error(self.app.call(*attack), "NOPERM respgate: scripts are limited to unrestricted users")

    @staticmethod
    def _wire(client, words):
        client.send(*words)
        return client.read_with_wire()[1]


if __name__ == "__main__":
    unittest.main()
