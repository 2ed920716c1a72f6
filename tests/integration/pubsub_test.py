#!/usr/bin/env python3
"""Channels: confirmations, messages, restrictions and endings, in both protocol versions."""

import unittest

from harness.cases import GateCase, USERS
from harness.deadline import wait_until
from harness.resp import Push, encode

CONVERSATIONS = {
    "subscribe and unsubscribe": ([("SUBSCRIBE", "a:1", "a:2", "a:1")], 3, [("UNSUBSCRIBE", "a:2")], 1, [("UNSUBSCRIBE",)], 1),
    "patterns": ([("PSUBSCRIBE", "a:*")], 1, [("PUNSUBSCRIBE", "a:none", "a:*")], 2),
    "shard channels": ([("SSUBSCRIBE", "a:s", "a:t")], 2, [("SUNSUBSCRIBE",)], 2),
    "nothing to leave": ([("UNSUBSCRIBE",), ("UNSUBSCRIBE", "a:x", "a:y"), ("PUNSUBSCRIBE",), ("SUNSUBSCRIBE",)], 5),
    "mixed": ([("SUBSCRIBE", "a:1"), ("PSUBSCRIBE", "a:*"), ("SSUBSCRIBE", "a:s"), ("UNSUBSCRIBE",), ("PUNSUBSCRIBE",)], 5),
    "subscriber mode": ([("SUBSCRIBE", "a:1"), ("GET", "a:k"), ("PING",), ("PING", "x"), ("EXEC",), ("NOSUCH",), ("UNSUBSCRIBE",), ("GET", "a:k")], 8),
    "RESET": ([("SUBSCRIBE", "a:1"), ("RESET",)], 2),
    "leaving all, then working": ([("SUBSCRIBE", "a:1"), ("UNSUBSCRIBE",), ("RPUSH", "a:list", "message", "a:1", "x"),
                                   ("LRANGE", "a:list", "0", "-1"), ("DEL", "a:list")], 5),
    "an arity": ([("SUBSCRIBE",)], 1),
}


class ConversationTest(GateCase):
    def check(self, greeting):
        for name, parts in CONVERSATIONS.items():
            with self.subTest(name):
                seen = []
                for client in (self.connect_upstream(), self.connect("alice")):
                    client.call(*greeting)
                    wires = []
                    for commands, count in zip(parts[::2], parts[1::2]):
                        client.write(b"".join(encode(*words) for words in commands))
                        wires += [client.read_with_wire()[1] for _ in range(count)]
                    seen.append(wires)
                self.assertEqual(seen[1], seen[0])

    def test_in_resp2(self):
        self.check(("PING",))

    def test_in_resp3(self):
        self.check(("HELLO", "3"))


class PubSubTest(GateCase):
    # A channel of its own for each test: the node learns some time later that the subscribers of the one before are gone.
    def subscribe(self, user, *words, resp=2):
        client = self.connect(user)
        if resp == 3:
            client.call("HELLO", "3")
        client.send(*words)
        for _ in words[1:]:
            client.read()
        return client

    def test_messages_reach_every_subscriber_in_order(self):
        clients = [self.subscribe("alice", "SUBSCRIBE", "a:news", resp=2 + n % 2) for n in range(6)]
        patterns = self.subscribe("alice", "PSUBSCRIBE", "a:*")
        publisher = self.connect("alice")
        self.assertEqual(publisher.pipeline(*(("PUBLISH", "a:news", n) for n in range(100))), [7] * 100)
        for client in clients:
            for n in range(100):
                self.assertEqual(client.read(), [b"message", b"a:news", str(n).encode()])
        for n in range(100):
            self.assertEqual(patterns.read(), [b"pmessage", b"a:*", b"a:news", str(n).encode()])

    def test_in_resp3_messages_come_as_pushes_beside_replies(self):
        client = self.subscribe("alice", "SUBSCRIBE", "a:push", resp=3)
        publisher = self.connect("alice")
        client.call("SET", "a:k", "v")
        for n in range(50):
            self.assertEqual(publisher.call("PUBLISH", "a:push", n), 1)
            client.send("GET", "a:k")
            seen = [client.read(), client.read()]
            self.assertIn(b"v", seen)
            self.assertIn(Push([b"message", b"a:push", str(n).encode()]), seen)

    def test_a_list_that_looks_like_a_message_is_none(self):
        client = self.subscribe("alice", "SUBSCRIBE", "a:list", resp=3)
        client.call("RPUSH", "a:l", "message", "a:list", "forged")
        self.assertEqual(type(client.call("LRANGE", "a:l", "0", "-1")).__name__, "Array")
        self.assertEqual(client.call("DEL", "a:l"), 1)

    def test_channels_without_rights_are_refused_and_patterns_count_literally(self):
        text = "NOPERM this user has no permissions to access one of the channels used as arguments"
        for words in (("SUBSCRIBE", "b:1"), ("SUBSCRIBE", "a:1", "b:1"), ("PSUBSCRIBE", "*"), ("PSUBSCRIBE", "a:?"), ("SSUBSCRIBE", "b:1"),
                      ("PUBLISH", "b:1", "x"), ("SPUBLISH", "b:1", "x")):
            with self.subTest(words):
                self.assert_error(self.connect("alice").call(*words), text)

    def test_switching_the_protocol_keeps_the_subscription(self):
        client = self.subscribe("alice", "SUBSCRIBE", "a:switch", resp=3)
        publisher = self.connect("alice")
        self.assertEqual(publisher.call("PUBLISH", "a:switch", "1"), 1)
        self.assertIsInstance(client.read(), Push)
        self.assertEqual(type(client.call("HELLO", "2")).__name__, "Array")
        self.assertEqual(publisher.call("PUBLISH", "a:switch", "2"), 1)
        self.assertEqual(type(client.read()).__name__, "Array")
        self.assertEqual(client.call("UNSUBSCRIBE"), [b"unsubscribe", b"a:switch", 0])
        self.assertEqual(client.call("PING"), b"PONG")

    def test_replies_off_leaves_confirmations_and_messages(self):
        client = self.connect("alice")
        client.call("HELLO", "3")
        client.write(encode("CLIENT", "REPLY", "OFF") + encode("GET", "a:k") + encode("SUBSCRIBE", "a:off"))
        self.assertEqual(client.read(), Push([b"subscribe", b"a:off", 1]))
        self.assertEqual(self.connect("alice").call("PUBLISH", "a:off", "x"), 1)
        self.assertEqual(client.read(), Push([b"message", b"a:off", b"x"]))
        client.write(encode("GET", "a:k") + encode("CLIENT", "REPLY", "ON") + encode("PING"))
        self.assertEqual([client.read(), client.read()], [b"OK", b"PONG"])

    def test_a_lane_that_was_subscribed_is_not_used_again(self):
        for _ in range(5):
            client = self.subscribe("alice", "SUBSCRIBE", "a:again")
            client.call("UNSUBSCRIBE")
            client.close()
        wait_until(lambda: self.connect("alice").call("PUBSUB", "NUMSUB", "a:again") == [b"a:again", 0], "nobody is left")

    def test_a_slow_subscriber_is_cut_and_the_others_are_not(self):
        slow, quick = (self.subscribe("alice", "SUBSCRIBE", "a:big") for _ in range(2))
        publisher, megabyte = self.connect("alice"), "x" * (1 << 20)
        for _ in range(self.messages):
            publisher.call("PUBLISH", "a:big", megabyte)
            self.assertEqual(len(quick.read()[2]), 1 << 20)
        wait_until(lambda: publisher.call("PUBSUB", "NUMSUB", "a:big") == [b"a:big", 1], "the slow one is gone")
        self.assertIsNotNone(slow)

    messages = 24
    changes = {"limits": {"client_output_buffer": "16MiB"}}


class RevokedTest(GateCase):
    def test_a_subscriber_who_may_not_any_more_is_cut(self):
        lost, kept = self.connect("alice"), self.connect("alice")
        lost.call("SUBSCRIBE", "a:lost")
        kept.call("SUBSCRIBE", "a:kept")
        self.gate.users_path.write_text(USERS.replace("&a:*", "&a:kept"))
        self.gate.reload()
        self.assertEqual(lost.read_until_closed(), [])
        self.assertEqual(self.connect("root").call("PUBLISH", "a:kept", "x"), 1)
        self.assertEqual(kept.read(), [b"message", b"a:kept", b"x"])
        self.gate.users_path.write_text(USERS)
        self.gate.reload()

    def test_a_login_as_one_who_may_not_ends_it(self):
        client = self.connect("alice")
        client.call("HELLO", "3")
        client.call("SUBSCRIBE", "a:c")
        client.send("AUTH", "bob", "bob-secret")
        self.assertEqual(client.read_until_closed(), [b"OK"])
        wait_until(lambda: self.connect("root").call("PUBSUB", "NUMSUB", "a:c") == [b"a:c", 0], "nobody hears")


class LostServerTest(GateCase):
    def test_a_subscriber_whose_server_is_lost_is_cut(self):
        client = self.connect("alice")
        client.call("SUBSCRIBE", "a:c")
        self.server.kill()
        self.assertEqual(client.read_until_closed(), [])
        self.server.start()


if __name__ == "__main__":
    unittest.main()
