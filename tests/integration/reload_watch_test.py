#!/usr/bin/env python3
"""Files that change are loaded without being asked to, once they are done changing."""

import os
import pathlib
import unittest

from harness.cases import USERS, GateCase
from harness.deadline import wait_until
from harness.processes import Respgate
from harness.resp import Error

WIDER = USERS.replace("~a:*", "~a:* ~shared:*")


class WatchTest(GateCase):
    def setUp(self):
        self.alice = self.connect("alice")

    def reloads(self, result):
        return self.gate.metrics().value("respgate_reloads_total", result=result)

    def await_reload(self, result="success"):
        """To be called before the change; what it returns waits for exactly one more reload."""
        before = self.reloads(result)
        return lambda: wait_until(lambda: self.reloads(result) == before + 1, lambda: f"{result} {self.reloads(result)}, not {before + 1}")

    def may_share(self):
        return not isinstance(self.alice.call("SET", "shared:1", "x"), Error)

    def test_a_users_file_written_in_place_and_one_moved_in(self):
        wait = self.await_reload()
        self.gate.users_path.write_text(WIDER)
        wait()
        self.assertTrue(self.may_share())
        wait = self.await_reload()
        os.replace(self.directory.write("next.acl", USERS), self.gate.users_path)
        wait()
        self.assertFalse(self.may_share())

    def test_a_half_written_file_waits_for_its_end(self):
        wait = self.await_reload()
        with open(self.gate.users_path, "w", encoding="ascii") as file:
            file.write("user default off\n")  # valid as it is, and alice would be gone
            file.flush()
            second = self.directory.write("second.yaml", "")
            wait_until(lambda: self._settled_since(second), "more than the time to settle is over")
            self.assertEqual(self.alice.call("PING"), b"PONG")
            file.write(USERS.split("\n", 1)[1])
        wait()
        self.assertEqual(self.alice.call("PING"), b"PONG")

    @staticmethod
    def _settled_since(path):
        probe = pathlib.Path(f"{path}.now")
        probe.touch()
        return probe.stat().st_mtime - path.stat().st_mtime > 2

    def test_a_changed_configuration_is_loaded(self):
        wait = self.await_reload()
        self.gate.configure({"commands": {"rules": [{"match": ["SET"], "action": "deny"}]}})
        wait()
        self.assertIsInstance(self.alice.call("SET", "a:1", "x"), Error)
        wait = self.await_reload()
        self.gate.configure({})
        wait()
        self.assertEqual(self.alice.call("SET", "a:1", "x"), b"OK")

    def test_a_fault_is_told_once_and_its_repair_is_loaded(self):
        wait = self.await_reload("failure")
        self.gate.users_path.write_text("user alice on +nosuch1\n")
        wait()
        for _ in range(2):  # the same fault again, in another file
            wait = self.await_reload("failure")
            os.replace(self.directory.write("next.acl", "user alice on +nosuch1\n"), self.gate.users_path)
            wait()
        self.assertEqual(self.gate.stderr().count("nosuch1"), 1, self.gate.stderr())
        self.assertEqual(self.alice.call("PING"), b"PONG")
        wait = self.await_reload()
        self.gate.users_path.write_text(USERS)
        wait()
        self.assertEqual(self.gate.metrics().value("respgate_reload_success"), 1)

    def test_what_a_signal_has_loaded_is_not_loaded_again(self):
        before = self.reloads("success")
        self.gate.users_path.write_text(WIDER)
        self.gate.reload()
        self.assertTrue(self.may_share())
        wait = self.await_reload()
        self.gate.users_path.write_text(USERS)
        wait()
        self.assertEqual(self.reloads("success"), before + 2)


class SecretsTest(GateCase):
    """Users and token as Kubernetes mounts them: links through ..data, which is swapped."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mount = cls.directory / "mount"
        cls.mount.mkdir()
        cls.swap("one", USERS, "first-token\n")
        for name in ("users.acl", "token"):
            (cls.mount / name).symlink_to(f"..data/{name}")
        cls.mounted = Respgate(cls.directory, cls.server, USERS, {
            "users": {"file": str(cls.mount / "users.acl")}, "admin": {"token_file": str(cls.mount / "token")}}, name="mounted")
        cls.addClassCleanup(cls.mounted.stop)

    @classmethod
    def swap(cls, version, users, token):
        folder = cls.mount / f"..{version}"
        folder.mkdir()
        for name, text in (("users.acl", users), ("token", token)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o644)
        (cls.mount / "..data_tmp").symlink_to(folder.name)
        os.replace(cls.mount / "..data_tmp", cls.mount / "..data")

    def test_a_swap_loads_all_of_it_at_once(self):
        alice = self.mounted.client("alice", "alice-secret")
        self.addCleanup(alice.close)
        for turn in range(3):
            with self.subTest(turn):
                before = self.mounted.metrics().value("respgate_reloads_total", result="success")
                self.swap(f"turn{turn}", WIDER if turn % 2 == 0 else USERS, f"token{turn}\n")
                wait_until(lambda: self.mounted.metrics().value("respgate_reloads_total", result="success") == before + 1, "one reload")
                self.assertEqual(isinstance(alice.call("SET", "shared:1", "x"), Error), turn % 2 == 1)
                post = self.mounted.admin.request("POST", "/log-level?level=info", {"Authorization": f"Bearer token{turn}"})
                self.assertEqual(post[0], 200)


if __name__ == "__main__":
    unittest.main()
