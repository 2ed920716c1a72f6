"""The command line as people and scripts meet it: exit codes, where text goes, flags from the environment."""

import fcntl
import hashlib
import os
import pathlib
import pty
import select
import signal
import socket
import subprocess
import tempfile
import termios
import unittest

RESPGATE = os.environ["RESPGATE"]
COMMANDS = ("run", "check", "explain", "import", "dev", "audit", "suggest", "hash-password", "admin", "version")
YAML = """\
listeners: [{name: main, address: 127.0.0.1:6380}]
upstream: {nodes: ["127.0.0.1:6379"]}
users: {file: users.acl}
"""
USERS = "user app on >hunter2 ~app:* +@read\n"


def respgate(*words, stdin=b"", env=None):
    """Runs to the end: (exit code, stdout, stderr)."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RESPGATE_")}
    done = subprocess.run([RESPGATE, *words], input=stdin, capture_output=True, env={**environment, **(env or {})}, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Usage(unittest.TestCase):
    def test_help_is_everywhere_and_no_error(self):
        for words in [(), *[(command,) for command in COMMANDS]]:
            code, out, err = respgate(*words, "--help")
            self.assertEqual((code, err), (0, ""), words)
            self.assertIn("Usage: ", out)

    def test_help_names_every_command(self):
        _, out, _ = respgate("--help")
        for command in COMMANDS:
            self.assertIn(f"\n  {command} ", out)

    def test_what_is_not_understood_is_a_usage_error(self):
        for words in [(), ("nosuch",), ("--nosuch",), ("version", "extra"), ("version", "--", "GET"), ("hash-password", "secret"),
                      *[(command, "--nosuch") for command in COMMANDS],
                      ("run",), ("check",), ("explain",), ("run", "-c", "f", "--log-level", "loud"), ("run", "-c", "f", "--log-format", "xml"),
                      ("explain", "-c", "f", "--user", "u"), ("explain", "-c", "f", "--user", "u", "--"), ("explain", "-c", "f", "--", "GET"),
                      ("dev", "--port", "65536"), ("dev", "--port", "-1")]:
            code, out, err = respgate(*words)
            self.assertEqual((code, out), (2, ""), words)
            self.assertNotEqual(err, "", words)

    def test_an_unknown_subcommand_is_named_along_with_those_there_are(self):
        _, _, err = respgate("serve")
        self.assertIn("'serve' is no subcommand", err)
        for command in COMMANDS:
            self.assertIn(command, err)

    def test_so_is_one_of_admin_and_of_audit(self):
        for command, known in (("admin", ("ready", "kill", "unlock")), ("audit", ("verify",))):
            code, out, err = respgate(command, "nosuch")
            self.assertEqual((code, out), (2, ""))
            self.assertIn(f"'nosuch' is no subcommand of {command}", err)
            for name in known:
                self.assertIn(name, err)

    def test_explain_says_where_the_command_goes(self):
        for words in [("GET", "key"), ("--listner", "x", "--", "GET", "key")]:
            code, _, err = respgate("explain", "-c", "f", "--user", "u", *words)
            self.assertEqual(code, 2, err)
            self.assertIn(f"'{words[0]}' is no option; the command goes behind --", err)

    def test_a_file_without_its_option_is_told_which_one(self):
        for words, write in ((("run", "r.yaml"), "--config r.yaml"), (("check", "--strict", "r.yaml"), "--config r.yaml"),
                             (("dev", "r.yaml"), "--config r.yaml"), (("admin", "ready", "r.yaml"), "--config r.yaml"),
                             (("suggest", "a.jsonl"), "--audit a.jsonl")):
            code, out, err = respgate(*words)
            self.assertEqual((code, out), (2, ""))
            name = " ".join(word for word in words[:-1] if not word.startswith("-"))
            self.assertTrue(err.startswith(f"'{words[-1]}' is no option of {name}: write {write}\n"), err)

    def test_what_is_no_option_is_named_before_what_is_missing(self):
        for words, said in ((("run", "--confg", "f"), "'--confg' is no option of run\n"), (("--nosuch",), "'--nosuch' is no option of respgate\n"),
                            (("check", "-c", "f", "g"), "'g' is no option of check\n"), (("admin", "kill", "-x"), "'-x' is no option of admin kill\n"),
                            (("check",), "--config is required: write -c FILE, or RESPGATE_CONFIG=FILE in the environment\n")):
            code, _, err = respgate(*words)
            self.assertEqual(code, 2, words)
            self.assertTrue(err.startswith(said), err)

    def test_a_password_among_the_words_is_not_repeated(self):
        _, _, err = respgate("hash-password", "hunter2")
        self.assertIn("type the password, or pipe it in", err)
        self.assertNotIn("hunter2", err)

    def test_no_byte_of_a_word_reaches_the_terminal_that_is_not_printable(self):
        word = b"x\x1b[31m\nok: \x9b\xc2\x9b"
        shown = r"x\x1b[31m\x0aok: \x9b\xc2\x9b"
        for words in [(word,), ("check", word), ("run", "-c", "f", "--log-level", word), ("audit", word),
                      ("audit", "verify", "--key-file", word, "f"), ("suggest", "--audit", word), ("dev", "--port", word),
                      ("admin", "ready", "-c", word), ("admin", "log-level", word), ("admin", "drain", "--delay", word),
                      ("explain", "-c", "f", "--user", "u", word), (b"--" + word,)]:
            _, out, err = respgate(*words)
            self.assertEqual(out, "", words)
            self.assertIn(shown, err, words)
            self.assertTrue(err.isascii() and err.replace("\n", "").isprintable(), err)

    def test_what_kubernetes_sets_for_a_service_called_respgate_is_no_flag(self):
        self.assertEqual(respgate("version", env={"RESPGATE_PORT": "tcp://10.0.0.1:6379"})[0], 0)


class WithFolder(unittest.TestCase):
    """A folder with a configuration and its users file."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.write("respgate.yaml", YAML)
        self.write("users.acl", USERS)

    def write(self, name, text, mode=0o600):
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)


class Check(WithFolder):
    def test_a_good_configuration_is_summed_up_and_its_posture_told(self):
        code, out, err = respgate("check", "-c", self.config)
        self.assertEqual((code, err), (0, ""))
        first, *findings, last = out.splitlines()
        self.assertIn("ok: 1 listener", first)
        for line in findings:
            self.assertRegex(line, r"^SEC [1-7]  (ok  |warn|FAIL)  \S")
        self.assertEqual([line[:5] for line in findings], sorted(line[:5] for line in findings))
        self.assertEqual({line[:5] for line in findings}, {f"SEC {n}" for n in range(1, 8)})
        self.assertRegex(last, r"^posture: \d+ ok, \d+ warn, 0 FAIL$")

    def test_strict_fails_on_what_is_not_ok_and_says_the_same(self):
        relaxed = respgate("check", "-c", self.config)
        strict = respgate("check", "-c", self.config, "--strict")
        self.assertIn("  warn  no audit", relaxed[1])
        self.assertEqual((relaxed[0], strict[0]), (0, 1))
        self.assertEqual(strict[1:], relaxed[1:])

    def test_strict_passes_what_is_in_order(self):
        self.write("upstream", "pw\n")
        self.config = self.write("respgate.yaml", YAML.replace('6379"]', '6379"], credentials: {user: r, password_file: upstream}') +
                                 "audit: {file: stdout}\nadmin: {address: 127.0.0.1:9180}\ncommands: {keyspace: require_all_keys}\n")
        self.write("users.acl", "user app on >hunter2 ~app:* +@read -@dangerous\n")
        code, out, err = respgate("check", "-c", self.config, "--strict")
        self.assertEqual((code, err), (0, ""), out)
        self.assertIn(" 0 warn, 0 FAIL\n", out)

    def test_the_configuration_may_come_from_the_environment(self):
        self.assertEqual(respgate("check", env={"RESPGATE_CONFIG": self.config})[0], 0)

    def test_ten_errors_are_ten_lines_with_file_line_and_column(self):
        self.write("users.acl", "".join(f"user u{i} on >pw +nosuch\n" for i in range(10)))
        code, out, _ = respgate("check", "-c", self.config)
        self.assertEqual(code, 1)
        for number, line in enumerate(out.splitlines(), 1):
            self.assertTrue(line.startswith(f"{self.folder}/users.acl:{number}:16: "), line)
        self.assertEqual(len(out.splitlines()), 10)

    def test_a_missing_file_is_one_line(self):
        code, out, _ = respgate("check", "-c", f"{self.folder}/none.yaml")
        self.assertEqual((code, out.count("\n")), (1, 1))
        self.assertIn("No such file or directory", out)

    def test_a_users_file_that_others_may_write_is_one_line(self):
        self.write("users.acl", USERS, 0o666)
        code, out, _ = respgate("check", "-c", self.config)
        self.assertEqual((code, out.count("\n")), (1, 1))
        self.assertIn("chmod go-w", out)

    def test_run_refuses_what_check_refuses(self):
        self.write("users.acl", "user u on +nosuch\n")
        code, out, err = respgate("run", "-c", self.config)
        self.assertEqual((code, out), (1, ""))
        self.assertTrue(err.startswith(f"{self.folder}/users.acl:1:11: "), err)

    def test_an_address_that_cannot_be_had_says_what_to_do(self):
        for address, advice in (("unix:none/x.sock", "create the folder, or choose another path"),
                                ("192.0.2.1:6380", "write an address of this machine"), ("unix:users.acl", "move it or write another path")):
            self.write("respgate.yaml", YAML.replace("address: 127.0.0.1:6380", f"address: \"{address}\", unsafe_plaintext: true"))
            code, out, err = respgate("run", "-c", self.config)
            self.assertEqual((code, out), (1, ""), err)
            self.assertIn(f"respgate: listeners[0].address (main): cannot listen on {address}: ", err)
            self.assertIn(advice, err)

    def test_an_address_that_cannot_be_had_is_named_by_its_key(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            why = f"cannot listen on {address}: stop what listens there, or choose another port: Address already in use"
            for key in ("address", "health_address"):
                self.write("respgate.yaml", YAML.replace(":6380", ":0") + f"admin: {{{key}: \"{address}\"}}\n")
                code, _, err = respgate("run", "-c", self.config)
                self.assertEqual((code, err.splitlines()[-1]), (1, f"respgate: admin.{key}: {why}"))
            self.write("respgate.yaml", YAML.replace("name: main, address: 127.0.0.1:6380", f"address: \"{address}\""))
            code, _, err = respgate("run", "-c", self.config)
            self.assertEqual((code, err.splitlines()[-1]), (1, f"respgate: listeners[0].address: {why}"))

    def test_no_command_shows_a_password(self):
        self.write("users.acl", USERS + "user b on +nosuch\n")
        for words in [("check",), ("explain", "--user", "app", "--", "GET", "app:1")]:
            code, out, err = respgate(words[0], "-c", self.config, *words[1:])
            self.assertEqual(code, 1)
            self.assertNotIn("hunter2", out + err)


class Explain(WithFolder):
    def explain(self, *words):
        return respgate("explain", "-c", self.config, "--user", "app", "--", *words)

    def test_allowed_is_exit_0(self):
        code, out, err = self.explain("GET", "app:1")
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.startswith("allowed: GET app:1\n"), out)

    def test_denied_is_exit_2(self):
        code, out, err = self.explain("GET", "sys:1")
        self.assertEqual((code, err), (2, ""))
        self.assertTrue(out.startswith("denied: GET sys:1\n"), out)

    def test_an_unknown_user_or_listener_is_exit_1(self):
        for words in [("--user", "ghost"), ("--user", "app", "--listener", "none")]:
            code, out, err = respgate("explain", "-c", self.config, *words, "--", "GET", "app:1")
            self.assertEqual((code, out), (1, ""))
            self.assertIn("unknown", err)

    def test_words_behind_the_dashes_are_arguments_whatever_they_look_like(self):
        for word in ("-1", "--help", "[a,b]", "", "--", "-c", "two words"):
            code, out, err = self.explain("GET", "app:1" if word == "" else "app:" + word)
            self.assertEqual((code, err), (0, ""), word)
        code, out, _ = self.explain("MGET", "app:1", "--help", "[a]")
        self.assertEqual(code, 2)
        self.assertTrue(out.startswith("denied: MGET app:1 --help [a]\n"), out)


class HashPassword(unittest.TestCase):
    def test_a_line_on_stdin_becomes_its_hash(self):
        expected = "#" + hashlib.sha256(b"s3cret").hexdigest() + "\n"
        for text in (b"s3cret\n", b"s3cret"):
            self.assertEqual(respgate("hash-password", stdin=text), (0, expected, ""))

    def test_nothing_and_too_much_are_refused(self):
        for text in (b"", b"\n", b"x" * 4097):
            code, out, err = respgate("hash-password", stdin=text)
            self.assertEqual((code, out), (1, ""))
            self.assertNotEqual(err, "")

    def start_on_a_terminal(self):
        """A child whose stdin and stderr are a terminal: (process, our end, once it has asked)."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        child = subprocess.Popen([RESPGATE, "hash-password"], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs,
                                 start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(theirs)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertEqual(self.shown(ours, b": "), b"Password: ")
        return child, ours

    def shown(self, terminal, until):
        text = b""
        while until not in text:
            self.assertTrue(select.select([terminal], [], [], 60)[0], text)
            text += os.read(terminal, 1024)
        return text

    def test_a_terminal_does_not_show_what_is_typed(self):
        child, terminal = self.start_on_a_terminal()
        os.write(terminal, b"s3cret\n")
        self.assertEqual(child.stdout.read().decode(), "#" + hashlib.sha256(b"s3cret").hexdigest() + "\n")
        self.assertEqual(child.wait(60), 0)
        self.assertNotIn(b"s3cret", self.shown(terminal, b"\n"))

    def test_an_interrupt_ends_it_with_the_echo_back(self):
        child, terminal = self.start_on_a_terminal()
        os.write(terminal, b"s3c\x03")
        self.assertEqual(child.wait(60), -signal.SIGINT)
        self.assertTrue(termios.tcgetattr(terminal)[3] & termios.ECHO)
        self.assertEqual(child.stdout.read(), b"")


class Version(unittest.TestCase):
    def test_it_names_itself_openssl_and_boost(self):
        code, out, _ = respgate("version")
        self.assertEqual(code, 0)
        self.assertRegex(out, r"(?m)^respgate \d+\.\d+\.\d+$")
        self.assertRegex(out, r"built with OpenSSL 3\S* .*, running with OpenSSL 3")
        self.assertRegex(out, r"Boost +1\.\d+\.\d+")


if __name__ == "__main__":
    unittest.main()
