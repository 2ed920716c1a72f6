#!/usr/bin/env python3
"""The proxy as an IAM user of ElastiCache: tokens, their keys, and logins that grow old; and clients with tokens."""

import threading
import time
import unittest

from harness.aws import NO_AWS, REGION, Container, IamServer, token
from harness.cases import USERS
from harness.deadline import wait_until
from harness.processes import Directory, RedisServer, Respgate, run_respgate
from harness.resp import Client, _Incomplete, parse
from harness.scripted import ScriptedServer, honest_reply, honest_value

CACHE, USER = "orders", "gate"
KEYS = [(f"ASIA{n}", f"secret/{n}+=", f"session/{n}+==") for n in range(4)]


class IamCase(unittest.TestCase):
    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)

    def start_container(self, key, **rest):
        container = Container(key, **rest)
        self.addCleanup(container.stop)
        return container

    def start_server(self, key):
        server = IamServer(self.directory, CACHE, USER, key)
        self.addCleanup(server.stop)
        return server

    def start_gate(self, server, environment, wait_ready=True, **iam):
        changes = {"upstream": {"credentials": {"iam": {"user": USER, "cache": "Orders", "region": REGION, **iam}}}}
        gate = Respgate(self.directory, server, USERS, changes, env=environment, wait_ready=wait_ready)
        self.addCleanup(gate.stop)
        return gate

    def assert_nothing_secret(self, gate):
        said = gate.stderr()
        for _, secret, session in KEYS:
            self.assertNotIn(secret, said)
            self.assertNotIn(session, said)
        self.assertNotIn("X-Amz-Signature", said)


class Load:
    """Clients that go on with their commands, each reply of which must be right."""

    def __init__(self, gate):
        self.gate, self.count, self.failures = gate, 0, []
        self._ended = threading.Event()
        works = [self._plain, self._plain, self._plain, self._transactions, self._blocking]
        self._threads = [threading.Thread(target=self._run, args=(work, n)) for n, work in enumerate(works)]
        for thread in self._threads:
            thread.start()

    def _run(self, work, n):
        try:
            with self.gate.client("alice", "alice-secret") as client:
                while not self._ended.is_set():
                    work(client, f"a:{n}")
                    self.count += 1
        except Exception as failure:  # a thread's failure is the test's
            self.failures.append(repr(failure))

    def _expect(self, got, wanted):
        if got != wanted:
            self.failures.append(f"{got!r} instead of {wanted!r}")
            self._ended.set()

    def _plain(self, client, key):
        value = str(self.count).encode()
        self._expect(client.pipeline(("SET", key, value), ("GET", key)), [b"OK", value])

    def _transactions(self, client, key):
        self._expect(client.pipeline(("WATCH", key), ("MULTI",), ("SET", key, "x"), ("GET", key), ("EXEC",)),
                     [b"OK", b"OK", b"QUEUED", b"QUEUED", [b"OK", b"x"]])

    def _blocking(self, client, key):
        self._expect(client.pipeline(("RPUSH", f"{key}:list", "x"), ("BLPOP", f"{key}:list", "1")), [1, [f"{key}:list".encode(), b"x"]])

    def stop(self):
        self._ended.set()
        for thread in self._threads:
            thread.join()


class TokenTest(IamCase):
    def test_a_key_of_the_container_makes_tokens_that_the_server_takes(self):
        gate = self.start_gate(self.start_server(KEYS[0]), self.start_container(KEYS[0]).environment)
        client = gate.client("alice", "alice-secret")
        self.assertEqual(client.pipeline(("SET", "a:1", "x"), ("GET", "a:1")), [b"OK", b"x"])
        self.assertEqual(client.pipeline(("MULTI",), ("GET", "a:1"), ("EXEC",)), [b"OK", b"QUEUED", [b"x"]])
        client.close()
        metrics = gate.metrics()
        self.assertEqual(metrics.value("respgate_iam_token_refreshes_total"), 1)
        self.assertEqual(metrics.value("respgate_iam_token_failures_total"), 0)
        self.assert_nothing_secret(gate)

    def test_a_key_of_the_environment_does_too(self):
        key = ("AKIASTATIC", "secret/0+=", "")
        environment = {**NO_AWS, "AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1]}
        gate = self.start_gate(self.start_server(key), environment)
        with gate.client("alice", "alice-secret") as client:
            self.assertEqual(client.call("SET", "a:1", "x"), b"OK")

    def test_a_reload_turns_tokens_on_and_off(self):
        server, container = self.start_server(KEYS[0]), self.start_container(KEYS[0])
        gate = Respgate(self.directory, server, USERS, env=container.environment)
        self.addCleanup(gate.stop)
        with gate.client("alice", "alice-secret") as client:
            for turn in range(3):
                gate.reconfigure({"upstream": {"credentials": {"iam": {"user": USER, "cache": CACHE, "region": REGION}}}})
                self.assertEqual(client.call("SET", "a:1", turn), b"OK")
                self.assertNotEqual(server.connections(), set())
                gate.reconfigure({})
                self.assertEqual(client.call("GET", "a:1"), str(turn).encode())
                wait_until(lambda: not server.connections(), "tokens are used no more")

    def test_without_credentials_it_is_not_ready_and_says_why(self):
        container = self.start_container(None)
        gate = self.start_gate(self.start_server(KEYS[0]), container.environment, wait_ready=False)
        said = lambda: gate.admin.request("GET", "/readyz")[1]
        wait_until(lambda: "no AWS credentials: container endpoint: answered with status 500" in said(), said)
        self.assertEqual(gate.admin.status("/readyz"), 503)
        client = gate.client("alice", "alice-secret")
        wait_until(lambda: client.call("GET", "a:1") == b"ERR respgate: upstream unavailable", "the text of the contract")
        self.assertGreaterEqual(gate.metrics().value("respgate_iam_token_failures_total"), 1)
        container.key = KEYS[0]
        wait_until(lambda: gate.admin.status("/readyz") == 200, said)
        self.assertEqual(client.call("SET", "a:1", "x"), b"OK")
        client.close()

    def test_a_server_that_takes_no_token_is_told_to_clients_as_such(self):
        container = self.start_container(KEYS[1])
        server = self.start_server(KEYS[0])
        gate = self.start_gate(server, container.environment, wait_ready=False)
        client = gate.client("alice", "alice-secret")
        refused = b"ERR respgate: upstream refused the proxy's credentials"
        wait_until(lambda: client.call("GET", "a:1") == refused, "the text of the contract")
        self.assertEqual(gate.admin.status("/readyz"), 503)
        asked = container.asked
        wait_until(lambda: container.asked > asked, "the credentials are asked for again")
        self.assert_nothing_secret(gate)
        server.accept(KEYS[1])
        wait_until(lambda: gate.admin.status("/readyz") == 200, "ready once its tokens are taken")
        self.assertEqual(client.call("SET", "a:1", "x"), b"OK")
        client.close()

    def test_credentials_that_have_expired_sign_nothing(self):
        container = self.start_container(KEYS[0], life=-60)
        gate = self.start_gate(self.start_server(KEYS[0]), container.environment, wait_ready=False)
        said = lambda: gate.admin.request("GET", "/readyz")[1]
        wait_until(lambda: "container endpoint: what it hands out has expired" in said(), said)


class RotationTest(IamCase):
    def test_three_rotations_fail_no_command(self):
        container, server = self.start_container(KEYS[0]), self.start_server(KEYS[0])
        gate = self.start_gate(server, container.environment, reauthenticate="600ms")
        load = Load(gate)
        self.addCleanup(load.stop)
        for key in KEYS[1:]:
            before = server.connections()
            self.assertTrue(before)
            container.key = key
            server.accept(key)
            wait_until(lambda: not before & server.connections(), lambda: f"{before & server.connections()} {gate.stderr()[-800:]}")
            count = load.count
            wait_until(lambda: load.failures or load.count > count + 20, "the load goes on")
            self.assertEqual(load.failures, [])
        load.stop()
        self.assertEqual(load.failures, [])
        self.assert_nothing_secret(gate)

    def test_a_login_is_made_again_before_it_is_too_old(self):
        container, server = self.start_container(KEYS[0]), self.start_server(KEYS[0])
        gate = self.start_gate(server, container.environment, reauthenticate="200ms")
        load = Load(gate)
        self.addCleanup(load.stop)
        shared = min(server.connections())  # the first is kept
        wait_until(lambda: load.failures or server.logins()[0] >= 30, lambda: str(server.logins()))
        load.stop()
        self.assertEqual(load.failures, [])
        self.assertEqual(server.logins()[1], 0)
        self.assertIn(shared, server.connections())

    def test_a_transaction_and_a_subscriber_are_not_disturbed(self):
        container, server = self.start_container(KEYS[0]), self.start_server(KEYS[0])
        gate = self.start_gate(server, container.environment, reauthenticate="200ms")
        transaction, subscriber, modern = (gate.client("alice", "alice-secret") for _ in range(3))
        self.assertEqual(transaction.pipeline(("MULTI",), ("SET", "a:1", "x")), [b"OK", b"QUEUED"])
        subscriber.call("SUBSCRIBE", "a:news")
        modern.call("HELLO", "3")
        modern.send("SUBSCRIBE", "a:news")
        modern.read()
        before = server.logins()[0]
        wait_until(lambda: server.logins()[0] >= before + 12, "other lanes log in again")
        self.assertEqual(transaction.pipeline(("GET", "a:1"), ("EXEC",)), [b"QUEUED", [b"OK", b"x"]])
        with gate.client("alice", "alice-secret") as publisher:
            self.assertEqual(publisher.call("PUBLISH", "a:news", "hello"), 2)
        self.assertEqual(subscriber.read(), [b"message", b"a:news", b"hello"])
        modern.read()
        self.assertEqual(server.logins()[1], 0)
        for client in (transaction, subscriber, modern):
            client.close()


class ForgetfulServer(ScriptedServer):
    """Answers no AUTH with more than an error, and one behind a reply that is not sent yet with nothing: redis #15640."""

    alone, swallowed = 0, 0

    def _serve_whole_requests(self, connection, received):
        position, replies = 0, b""
        while position < len(received):
            try:
                words, position = parse(received, position)
            except _Incomplete:
                break
            if words[0].upper() == b"AUTH":
                self.swallowed += bool(replies)
                self.alone += not replies
                replies += b"" if replies else b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
            elif words[0].upper() == b"GET" and words[1].startswith(b"a:"):
                replies += b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"
            else:
                connection.resp3 = connection.resp3 or words[:2] == [b"HELLO", b"3"]
                replies += honest_reply(words, connection.resp3) or b"-ERR unknown command\r\n"
        del received[:position]
        connection.write(replies)


class RefusedLaterLoginTest(IamCase):
    """A login that is refused long after the first one shifts no reply to another request."""

    def setUp(self):
        super().setUp()
        self.server = ForgetfulServer(self.directory)
        self.addCleanup(self.server.stop)
        environment = {**NO_AWS, "AWS_ACCESS_KEY_ID": KEYS[0][0], "AWS_SECRET_ACCESS_KEY": KEYS[0][1]}
        self.gate = self.start_gate(self.server, environment, reauthenticate="150ms")
        self.failures = []

    # Alice's replies are errors, of which a shifted one would pass for that of an AUTH.
    def ask(self, user, n):
        try:
            with self.gate.client(user, f"{user}-secret") as client:
                turn = 0
                while self.server.alone < 8 and not self.failures:
                    keys = [b"%s:%d:%d:%d" % (user[:1].encode(), n, turn, i) for i in range(16)]
                    for key, reply in zip(keys, client.pipeline(*(("GET", key) for key in keys))):
                        right = reply.startswith(b"WRONGTYPE") if user == "alice" else reply == honest_value(key)
                        if not right:
                            self.failures.append((key, reply))
                    turn += 1
        except Exception as failure:  # a thread's failure is the test's
            self.failures.append(repr(failure))

    def test_it_is_sent_alone_and_everybody_gets_his_own(self):
        threads = [threading.Thread(target=self.ask, args=(user, n)) for n in range(3) for user in ("alice", "bob")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.failures, [])
        self.assertEqual(self.server.swallowed, 0)
        self.assertGreaterEqual(self.server.alone, 8)
        self.assertEqual(sum(self.gate.metrics().series("respgate_lane_desyncs_total").values()), 0)


class TwoPasswordsTest(unittest.TestCase):
    def test_a_metric_tells_which_of_two_passwords_works(self):
        directory = Directory()
        self.addCleanup(directory.remove)
        server = RedisServer(directory, users="user default on nopass ~* &* +@all\nuser gate on >old ~* &* +@all\n")
        self.addCleanup(server.stop)
        password = directory.write("password", "new\nold\n")
        gate = Respgate(directory, server, USERS, {"upstream": {"credentials": {"user": "gate", "password_file": str(password)}}})
        self.addCleanup(gate.stop)
        on_older = lambda: gate.metrics().value("respgate_upstream_lanes_on_older_password")
        self.assertEqual(on_older(), gate.metrics().value("respgate_upstream_lanes"))
        self.assertGreater(on_older(), 0)
        with server.client() as client:
            self.assertEqual(client.call("ACL", "SETUSER", "gate", "resetpass", ">new"), b"OK")
            client.call("CLIENT", "KILL", "USER", "gate")
        wait_until(lambda: gate.metrics().value("respgate_upstream_lanes") > 0 and on_older() == 0, "the newest works")


class ClientTokenTest(unittest.TestCase):
    USERS = "user default off\nuser alice on ~a:* &a:* +@all -@dangerous\nuser bob on >bob-secret ~* &* +@all\n"
    KEY = ("AKIACLIENT", "secret/9+=", "")

    @classmethod
    def setUpClass(cls):
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.server = RedisServer(cls.directory)
        cls.addClassCleanup(cls.server.stop)
        cls.keys = cls.directory.write("keys", f"{cls.KEY[0]}:{cls.KEY[1]}\n")
        iam = {"alice": {"access_keys_file": str(cls.keys), "cache": "orders", "region": REGION}}
        cls.gate = Respgate(cls.directory, cls.server, cls.USERS, {"users": {"iam": iam}})
        cls.addClassCleanup(cls.gate.stop)

    def login(self, password, user="alice"):
        with Client(self.gate.path) as client:
            return client.call("AUTH", user, password)

    def refused(self, password, user="alice"):
        return bytes(self.login(password, user)) == b"WRONGPASS invalid username-password pair or user is disabled."

    def test_a_token_logs_in(self):
        now = time.time()
        self.assertEqual(self.login(token("orders", "alice", self.KEY, now)), b"OK")
        self.assertEqual(self.login(token("orders", "alice", (*self.KEY[:2], "session+/="), now)), b"OK")
        with Client(self.gate.path) as client:
            client.call("HELLO", "3", "AUTH", "alice", token("orders", "alice", self.KEY, now))
            self.assertEqual(client.call("SET", "a:1", "x"), b"OK")

    def test_any_other_is_refused_with_the_text_of_a_wrong_password(self):
        now = time.time()
        good = token("orders", "alice", self.KEY, now)
        before = self.failures()
        wrong = [token("orders", "alice", self.KEY, now - 901), token("orders", "alice", self.KEY, now + 400), good[:-1], good + "0",
                 token("other", "alice", self.KEY, now), token("orders", "bob", self.KEY, now), "alice-secret", "",
                 token("orders", "alice", self.KEY, now, serverless=True), token("orders", "alice", self.KEY, now, region="eu-west-1"),
                 token("orders", "alice", ("AKIAOTHER", self.KEY[1], ""), now), token("orders", "alice", (self.KEY[0], "other", ""), now)]
        for password in wrong:
            self.assertTrue(self.refused(password), password)
        self.assertTrue(self.refused(good, user="bob"))
        self.assertTrue(self.refused(good, user="nobody"))
        self.assertEqual(self.failures() - before, len(wrong))

    def test_the_operator_is_told_what_was_wrong_and_the_client_is_not(self):
        now = time.time()
        known = len(self.gate.audit())
        faults = {"expired": token("orders", "alice", self.KEY, now - 901), "not_yet_valid": token("orders", "alice", self.KEY, now + 400),
                  "wrong_cache": token("other", "alice", self.KEY, now), "wrong_user": token("orders", "bob", self.KEY, now),
                  "wrong_scope": token("orders", "alice", self.KEY, now, region="eu-west-1"),
                  "wrong_signature": token("orders", "alice", (self.KEY[0], "other", ""), now), "malformed": "alice-secret"}
        for password in faults.values():
            self.assertTrue(self.refused(password))
        self.assertTrue(self.refused("bob-wrong", user="bob"))
        def told(user):
            return {line.get("detail") or None for line in self.gate.audit()[known:] if line["user"] == user and line["reason"] == "wrong_password"}
        wait_until(lambda: told("alice") >= {f"token: {fault}" for fault in faults} and told("bob"), lambda: told("alice"))
        self.assertEqual(told("bob"), {None})
        for fault in faults:
            self.assertIn(f"reason=wrong_password token={fault} left_out=", self.gate.stderr())

    def failures(self):
        return self.gate.metrics().value("respgate_authentication_failures_total", user="alice", reason="wrong_password")

    def test_other_users_keep_their_passwords(self):
        self.assertEqual(self.login("bob-secret", user="bob"), b"OK")

    def test_keys_are_read_again_with_the_rest(self):
        key = ("AKIANEXT", "next", "")
        self.assertTrue(self.refused(token("orders", "alice", key, time.time())))
        self.directory.write("keys", f"{self.KEY[0]}:{self.KEY[1]}\n{key[0]}:{key[1]}\n")
        self.gate.reload()
        wait_until(lambda: self.login(token("orders", "alice", key, time.time())) == b"OK", "the next key's token logs in")


class CheckTest(unittest.TestCase):
    def check(self, text, env=None):
        directory = Directory()
        self.addCleanup(directory.remove)
        directory.write("users.acl", "user alice on >pw\n")
        path = directory.write("respgate.yaml", text)
        return run_respgate("check", "-c", str(path), env={**NO_AWS, "AWS_REGION": "", "AWS_DEFAULT_REGION": "", **(env or {})})

    def test_the_region_may_come_from_the_environment(self):
        text = ('listeners: [{address: "127.0.0.1:6380"}]\nupstream: {nodes: ["127.0.0.1:6379"], credentials: {iam: {user: gate, cache: orders}}}\n'
                "users: {file: users.acl}\n")
        without = self.check(text)
        self.assertEqual(without.returncode, 1)
        self.assertIn("region: is missing, and AWS_REGION is not set", without.stderr + without.stdout)
        self.assertEqual(self.check(text, {"AWS_REGION": "eu-west-1"}).returncode, 0)
        self.assertEqual(self.check(text, {"AWS_DEFAULT_REGION": "eu-west-1"}).returncode, 0)


if __name__ == "__main__":
    unittest.main()
