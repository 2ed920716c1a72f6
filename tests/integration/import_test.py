"""`respgate import`: users of a live server and of ElastiCache's files, and what respgate then decides for them.

The server's own verdict is ACL DRYRUN; respgate's is `explain`, with the users that were imported from that server.
"""

import json
import os
import socket
import subprocess
import unittest

from harness.deadline import DEADLINE, wait_until
from harness.pki import Authority
from harness.processes import BINARY, Directory, RedisServer, Respgate, free_port, run_respgate
from harness.scripted import ScriptedServer

USERS = """\
user default off nopass ~* &* +@all
user root on >root-secret ~* &* +@all
user app on >app-secret ~app:* %R~shared:* &app:* +@all -@admin -@dangerous
user reader on >reader-secret %R~* resetchannels +@read +ping
user narrow on >narrow-secret ~n:* +get +set +config|get (~log:* +append) (%W~queue:* +rpush)
user legacy on >legacy-secret ~* +select|0 +get
user off off >off-secret ~* &* +@all
user open on nopass ~open:* &* +@all -@dangerous
"""

COMMANDS = [
    ("GET", "app:1"), ("SET", "app:1", "x"), ("GET", "shared:1"), ("SET", "shared:1", "x"), ("MGET", "app:1", "other"),
    ("COPY", "shared:1", "app:1"), ("RENAME", "shared:1", "app:1"), ("GET", "n:1"), ("APPEND", "log:1", "x"), ("APPEND", "n:1", "x"),
    ("RPUSH", "queue:1", "x"), ("LRANGE", "queue:1", "0", "1"), ("CONFIG", "GET", "save"), ("CONFIG", "SET", "save", ""), ("FLUSHALL",),
    ("INFO",), ("PUBLISH", "app:1", "x"), ("PUBLISH", "sys", "x"), ("SUBSCRIBE", "app:1"), ("SELECT", "0"), ("SELECT", "1"), ("PING",),
    ("GET", "open:1"), ("KEYS", "*"),
]


class FromAServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.server = RedisServer(cls.directory, tcp=True)
        cls.addClassCleanup(cls.server.stop)
        cls.password_file = str(cls.directory.write("password", "root-secret\n"))
        with cls.server.client() as client:
            for line in USERS.splitlines():
                name, *rules = line.split()[1:]
                # `default` last loses its rights, once somebody else has them.
                if name != "default":
                    assert client.call("ACL", "SETUSER", name, *selectors_joined(rules)) == b"OK"
            assert client.call("ACL", "SETUSER", "default", "off") == b"OK"

    def imported(self, *arguments, env=None):
        done = run_respgate("import", "--from-server", f"127.0.0.1:{self.server.port}", *arguments, env=env)
        return done

    def whole(self):
        done = self.imported("--user", "root", "--password-file", self.password_file)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def configuration(self, users):
        self.directory.write("users.acl", users)
        config = {"listeners": [{"address": "127.0.0.1:6380"}], "upstream": {"nodes": [f"127.0.0.1:{self.server.port}"]},
                  "users": {"file": "users.acl"}}
        return str(self.directory.write("r.yaml", json.dumps(config)))

    def test_the_imported_users_are_decided_about_as_the_server_does(self):
        config = self.configuration(self.whole().stdout)
        names = [line.split()[1] for line in USERS.splitlines()]
        allowed = 0
        with self.server.client().login("root", "root-secret") as client:
            for name in names:
                for command in COMMANDS:
                    verdict = client.call("ACL", "DRYRUN", name, *command)
                    explained = run_respgate("explain", "-c", config, "--user", name, "--", *command)
                    if name in ("default", "off"):  # nobody can be them; DRYRUN does not ask
                        self.assertEqual(explained.returncode, 2)
                        continue
                    with self.subTest(user=name, command=command, explained=explained.stdout):
                        self.assertEqual(explained.returncode, 0 if verdict == b"OK" else 2, verdict)
                    allowed += verdict == b"OK"
        self.assertGreater(allowed, 30)  # a table in which everything is denied would show nothing

    def test_passwords_are_good_as_they_were(self):
        gate = Respgate(self.directory, self.server, self.whole().stdout,
                        {"upstream": {"credentials": {"user": "root", "password_file": self.password_file}}})
        self.addCleanup(gate.stop)
        with gate.client("app", "app-secret") as client:
            self.assertEqual(client.call("SET", "app:1", "x"), b"OK")
        with gate.client() as client:
            self.assertTrue(bytes(client.call("AUTH", "app", "root-secret")).startswith(b"WRONGPASS"))
            self.assertEqual(client.call("AUTH", "open", "anything"), b"OK")

    def test_what_was_changed_is_told_and_passwords_are_not(self):
        done = self.whole()
        self.assertIn("user 'open': nopass, as it was: EVERY password is right", done.stderr)
        self.assertNotIn("root-secret", done.stdout + done.stderr)

    def test_the_name_of_the_password_file_may_come_from_the_environment(self):
        done = self.imported("--user", "root", env={"RESPGATE_IMPORT_PASSWORD_FILE": self.password_file})
        self.assertEqual((done.returncode, done.stdout), (0, self.whole().stdout))

    def test_a_refused_login_is_told_in_the_servers_words(self):
        wrong = str(self.directory.write("wrong", "guess\n"))
        done = self.imported("--user", "root", "--password-file", wrong)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("refuses the login: WRONGPASS", done.stderr)

    def test_without_a_login_the_server_says_so(self):
        done = self.imported()
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("does not tell its users: NOAUTH", done.stderr)

    def test_who_may_not_list_users_is_told(self):
        app = str(self.directory.write("app", "app-secret\n"))
        done = self.imported("--user", "app", "--password-file", app)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("does not tell its users: NOPERM", done.stderr)

    def test_nobody_there(self):
        done = run_respgate("import", "--from-server", f"127.0.0.1:{free_port()}")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("cannot be reached", done.stderr)


def selectors_joined(rules):
    """ACL SETUSER takes a selector as one argument."""
    words = []
    for rule in rules:
        if words and words[-1].startswith("(") and not words[-1].endswith(")"):
            words[-1] += " " + rule
        else:
            words.append(rule)
    return words


class OverTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.authority = Authority(cls.directory)
        certificate, key = cls.authority.issue("server")
        cls.tls_port = free_port()
        cls.server = RedisServer(cls.directory, options=["--tls-port", str(cls.tls_port), "--tls-cert-file", certificate, "--tls-key-file", key,
                                                         "--tls-ca-cert-file", cls.authority.certificate, "--tls-auth-clients", "no"])
        cls.addClassCleanup(cls.server.stop)

    def imported(self, *arguments):
        return run_respgate("import", "--from-server", f"localhost:{self.tls_port}", "--tls", *arguments)

    def test_a_verified_server_is_asked(self):
        done = self.imported("--ca-file", self.authority.certificate)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith("user default on nopass"), done.stdout)

    def test_one_that_is_not_is_told_nothing(self):
        for arguments in [(), ("--ca-file", self.authority.certificate, "--server-name", "other.test")]:
            done = self.imported(*arguments)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("TLS failed", done.stderr)


class FromAServerThatLies(unittest.TestCase):
    def test_nothing_is_printed_of_what_is_no_list_of_users(self):
        directory = Directory()
        self.addCleanup(directory.remove)
        server = ScriptedServer(directory)
        self.addCleanup(server.stop)
        for wire, told in [(b"+OK\r\n", "no user"), (b"*0\r\n", "no user"), (b"*1\r\n:5\r\n", "something else"), (b"$-1\r\n", "no user"),
                           (b"*1\r\n$-1\r\n", "something else"), (b"*1\r\n$9\r\nuser a on\r\n+more\r\n", "more than it was asked"),
                           (b"*1\r\n$9\r\nuser a", "ended the connection"), (b"HTTP/1.1 400 Bad\r\n\r\n", "does not speak RESP"),
                           (b"*99999999\r\n", "does not speak RESP"), (b"*1\r\n$99999999\r\n", "does not speak RESP"),
                           (b"-ERR \x1b[2J\r\n", "\\x1b[2J"), (b"*1\r\n$11\r\nnobody\x1b[2J1\r\n", "line 1 of ACL LIST is not one of a user")]:
            def script(connection, _words, wire=wire):
                connection.write(wire)
                connection.close()
                return True

            server.on_request = script
            done = run_respgate("import", "--from-server", server.node)
            with self.subTest(wire):
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn(told, done.stderr)
                self.assertTrue(done.stderr.replace("\n", "").isprintable(), done.stderr)


class FromAServerWithoutRoom(unittest.TestCase):
    def test_a_unix_socket_that_takes_nobody_yet_is_tried_again(self):
        directory = Directory()
        self.addCleanup(directory.remove)
        path = str(directory / "full.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(0)
            held = []
            with self.assertRaises(BlockingIOError):
                while True:
                    held.append(socket.socket(socket.AF_UNIX))
                    held[-1].setblocking(False)
                    held[-1].connect(path)
            process = subprocess.Popen([BINARY, "import", "--from-server", f"unix:{path}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            self.addCleanup(process.kill)
            self.addCleanup(process.communicate)
            wait_until(lambda: self.sleeps_with_a_socket(process.pid), "it has found no room")
            for each in held:
                each.close()
            listener.settimeout(DEADLINE)
            while True:  # those who left are still in the line
                connection = listener.accept()[0]
                connection.settimeout(DEADLINE)
                if connection.recv(1024):
                    break
                connection.close()
            with connection:
                connection.sendall(b"*1\r\n$20\r\nuser default off ~* \r\n")
                out, err = process.communicate(timeout=DEADLINE)
        self.assertEqual((process.returncode, out), (0, "user default off ~*\n"), err)

    @staticmethod
    def sleeps_with_a_socket(pid):
        """An error would have ended it."""
        try:
            opened = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                state = stat.read().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return False
        return state == "S" and any(name.startswith("socket:") for name in opened)


class Usage(unittest.TestCase):
    def test_what_does_not_belong_together_is_a_usage_error(self):
        for arguments in [(), ("elasticache",), ("elasticache", "--groups", "g"), ("--from-server", "h:1", "--users", "u"),
                          ("--from-server", "127.0.0.1:1", "--user", "u"), ("--from-server", "127.0.0.1:1", "--ca-file", "f"),
                          ("--from-server", "nonsense"), ("--from-server", "unix:/s", "--tls"), ("other", "--users", "u")]:
            done = run_respgate("import", *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)

    def test_another_machine_is_not_asked_in_plain_text(self):
        done = run_respgate("import", "--from-server", "192.0.2.1:6379")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("write --tls, or --unsafe-plaintext", done.stderr)


class FromFiles(unittest.TestCase):
    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.users = str(self.directory.write("users.json", json.dumps({"Users": [
            {"UserId": "default", "UserName": "default", "Engine": "redis", "AccessString": "off -@all", "Authentication": {"Type": "password"}},
            {"UserId": "orders-rw", "UserName": "orders", "AccessString": "on ~orders:* &orders:* -@all +@read +@write -@dangerous",
             "Authentication": {"Type": "password", "PasswordCount": 1}},
            {"UserId": "orders-ro", "UserName": "orders", "AccessString": "on %R~orders:* -@all +@read", "Authentication": {"Type": "iam"}}]})))
        self.groups = str(self.directory.write("groups.json", json.dumps({"UserGroups": [
            {"UserGroupId": "app-group", "UserIds": ["default", "orders-rw"], "PendingChanges": {}}]})))

    def test_a_group_becomes_a_users_file_that_check_takes(self):
        done = run_respgate("import", "elasticache", "--users", self.users, "--groups", self.groups, "--group", "app-group")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "user default off -@all\nuser orders off ~orders:* &orders:* -@all +@read +@write -@dangerous\n")
        self.assertIn("user 'orders' (UserId orders-rw): off: its password is not told", done.stderr)
        self.directory.write("users.acl", done.stdout)
        config = self.directory.write("r.yaml", '{"listeners": [{"address": "127.0.0.1:1"}], "upstream": {"nodes": ["127.0.0.1:2"]}, "users": {"file": "users.acl"}}')
        self.assertEqual(run_respgate("check", "-c", str(config)).returncode, 0)

    def test_without_a_group_both_of_a_name_are_named(self):
        done = run_respgate("import", "elasticache", "--users", self.users)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, f"respgate: {self.users}: user name 'orders' is that of orders-rw, orders-ro: choose a group with --group ID\n")

    def test_a_file_that_is_not_there_and_one_that_is_no_json(self):
        for name in (str(self.directory / "none.json"), str(self.directory.path), str(self.directory.write("bad.json", "{\n  nonsense"))):
            done = run_respgate("import", "elasticache", "--users", name)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(f"respgate: {name}", done.stderr)


if __name__ == "__main__":
    unittest.main()
