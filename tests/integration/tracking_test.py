#!/usr/bin/env python3
"""Client-side caching: invalidations reach who read the key, and nobody else."""

import unittest

from harness.cases import GateCase, USERS
from harness.resp import Push


class TrackingTest(GateCase):
    def connect3(self, user):
        client = self.connect(user)
        client.call("HELLO", "3")
        return client

    def test_a_key_that_was_read_is_invalidated(self):
        client, other = self.connect3("alice"), self.connect("alice")
        self.assertEqual(client.call("CLIENT", "TRACKING", "ON"), b"OK")
        client.call("GET", "a:k")
        self.assertEqual(other.call("SET", "a:k", "1"), b"OK")
        self.assertEqual(client.read(), Push([b"invalidate", [b"a:k"]]))
        self.assertEqual(other.call("SET", "a:k", "2"), b"OK")
        self.assertEqual(client.call("GET", "a:k"), b"2", "no second invalidation before it was read again")

    def test_what_was_invalidated_before_a_ping_comes_before_its_pong(self):
        client, other = self.connect3("alice"), self.connect("alice")
        self.assertEqual(client.call("CLIENT", "TRACKING", "ON"), b"OK")
        for n in range(50):
            client.call("GET", "a:k")
            self.assertEqual(other.call("SET", "a:k", n), b"OK")
            client.send("PING") if n % 2 else client.send("ECHO", "PONG")
            self.assertEqual([client.read(), client.read()], [Push([b"invalidate", [b"a:k"]]), b"PONG"])

    def test_a_redirection_is_broken_once_its_client_has_quit(self):
        client, other = self.connect3("root"), self.connect("alice")
        for _ in range(20):
            listener = self.connect("root")
            number = listener.call("CLIENT", "ID")
            self.assertEqual(listener.call("SUBSCRIBE", "__redis__:invalidate"), [b"subscribe", b"__redis__:invalidate", 1])
            self.assertEqual(client.call("CLIENT", "TRACKING", "ON", "REDIRECT", number), b"OK")
            client.call("GET", "a:k")
            self.assertEqual(listener.call("QUIT"), b"OK")
            other.call("SET", "a:k", "1")
            self.assertEqual(client.read()[0], b"tracking-redir-broken")
            self.assertEqual(client.call("CLIENT", "TRACKING", "OFF"), b"OK")

    def test_info_about_tracking_is_the_servers(self):
        for options in ((), ("OPTIN",), ("OPTOUT",), ("NOLOOP",)):
            with self.subTest(options):
                client, direct = self.connect3("root"), self.connect_upstream()
                direct.call("HELLO", "3")
                for words in (("CLIENT", "TRACKINGINFO"), ("CLIENT", "GETREDIR"), ("CLIENT", "CACHING", "YES"), ("CLIENT", "TRACKING", "ON", *options),
                              ("CLIENT", "TRACKINGINFO"), ("CLIENT", "GETREDIR"), ("CLIENT", "CACHING", "YES"),
                              ("CLIENT", "TRACKING", "OFF"), ("CLIENT", "TRACKINGINFO"), ("CLIENT", "TRACKING", "NONSENSE")):
                    client.send(*words), direct.send(*words)
                    self.assertEqual(client.read_with_wire()[1], direct.read_with_wire()[1], words)

    def test_broadcast_needs_all_keys(self):
        self.assert_error(self.connect3("alice").call("CLIENT", "TRACKING", "ON", "BCAST"),
                          "NOPERM respgate: tracking with BCAST needs a user who may read every key")
        self.assert_error(self.connect3("alice").call("CLIENT", "TRACKING", "ON", "PREFIX", "a:", "BCAST"),
                          "NOPERM respgate: tracking with BCAST needs a user who may read every key")
        client = self.connect3("root")
        self.assertEqual(client.call("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a:"), b"OK")
        self.connect("alice").call("SET", "a:any", "1")
        self.assertEqual(client.read(), Push([b"invalidate", [b"a:any"]]))

    def test_redirections_go_to_ones_own_connections_only(self):
        listener, client = self.connect("alice"), self.connect("alice")
        stranger = self.connect("bob")
        stranger.call("SUBSCRIBE", "b:c")
        listener.call("SUBSCRIBE", "a:c")
        ids = {}
        for name, user in (("none", "alice"), ("bob", "bob")):
            ids[name] = self.connect(user).call("CLIENT", "ID")
        missing = "ERR The client ID you want redirect to does not exist"
        for wrong in (*ids.values(), 1 << 40):
            self.assert_error(client.call("CLIENT", "TRACKING", "ON", "REDIRECT", wrong), missing)

    def test_who_logs_in_as_somebody_else_is_found_under_that_name(self):
        listener, client = self.connect3("alice"), self.connect3("alice")
        number = listener.call("CLIENT", "ID")
        self.assertEqual(listener.call("CLIENT", "TRACKING", "ON"), b"OK")
        self.assertEqual(client.call("CLIENT", "TRACKING", "ON", "REDIRECT", number), b"OK")
        self.assertEqual(client.call("CLIENT", "TRACKING", "OFF"), b"OK")
        self.assertEqual(listener.call("AUTH", "bob", "bob-secret"), b"OK")
        self.assert_error(client.call("CLIENT", "TRACKING", "ON", "REDIRECT", number), "ERR The client ID you want redirect to does not exist")
        self.assertEqual(self.connect3("bob").call("CLIENT", "TRACKING", "ON", "REDIRECT", number), b"OK")

    def test_a_prefix_that_is_called_like_an_option_hides_none(self):
        client = self.connect3("alice")
        self.assert_error(client.call("CLIENT", "TRACKING", "ON", "PREFIX", "redirect", "BCAST", "PREFIX", "b:"),
                          "NOPERM respgate: tracking with BCAST needs a user who may read every key")
        stranger = self.connect3("bob")
        stranger.call("SUBSCRIBE", "b:c")
        lines = self.connect_upstream().call("CLIENT", "LIST", "TYPE", "PUBSUB").splitlines()
        theirs = next(line.split()[0].removeprefix(b"id=") for line in lines)
        self.assert_error(client.call("CLIENT", "TRACKING", "ON", "PREFIX", "redirect", "REDIRECT", theirs),
                          "ERR The client ID you want redirect to does not exist")

    def test_a_redirection_to_a_subscriber_works_in_resp2(self):
        own, client, other = self.connect("root"), self.connect("root"), self.connect("root")
        number = own.call("CLIENT", "ID")
        self.assertEqual(own.call("SUBSCRIBE", "__redis__:invalidate"), [b"subscribe", b"__redis__:invalidate", 1])
        self.assertEqual(client.call("CLIENT", "TRACKING", "ON", "REDIRECT", number), b"OK")
        self.assertEqual(client.call("CLIENT", "GETREDIR"), number)
        self.assertIn(number, client.call("CLIENT", "TRACKINGINFO"))
        client.call("GET", "k")
        other.call("SET", "k", "1")
        self.assertEqual(own.read(), [b"message", b"__redis__:invalidate", [b"k"]])

    def test_a_tracked_lane_reaches_no_other_client(self):
        first = self.connect3("alice")
        first.call("CLIENT", "TRACKING", "ON")
        first.call("GET", "a:t")
        first.close()
        other = self.connect3("alice")
        self.assertEqual(other.pipeline(("MULTI",), ("SET", "a:t", "1"), ("EXEC",))[2], [b"OK"])
        self.assertFalse(other.has_more())

    def test_rights_that_go_take_broadcasts_with_them(self):
        client = self.connect3("root")
        self.assertEqual(client.call("CLIENT", "TRACKING", "ON", "BCAST"), b"OK")
        self.gate.users_path.write_text(USERS.replace("root-secret ~*", "root-secret ~r:*"))
        self.gate.reload()
        self.assertEqual(client.read_until_closed(), [])
        self.gate.users_path.write_text(USERS)
        self.gate.reload()

    def test_skip_and_off(self):
        client = self.connect("alice")
        client.send("CLIENT", "REPLY", "SKIP")
        client.send("SET", "a:s", "1")
        self.assertEqual(client.call("GET", "a:s"), b"1")
        client.send("CLIENT", "REPLY", "OFF")
        for n in range(10):
            client.send("INCR", "a:s")
            client.send("NOSUCH")
            client.send("GET", "b:x")
        self.assertEqual(client.call("CLIENT", "REPLY", "ON"), b"OK")
        self.assertEqual(client.call("GET", "a:s"), b"11")


if __name__ == "__main__":
    unittest.main()
