#!/usr/bin/env python3
"""README.md's section on running it: every command of its ```sh blocks is run, in order.

What a test may not touch has a stand-in that writes down how it was called: systemctl, docker, kubectl, make.  For the
rest, /etc/respgate is a folder of the test's own, and its group is whoever runs the test.
"""

import os
import re
import shutil
import subprocess
import unittest

from harness.cases import USERS
from harness.deadline import DEADLINE
from harness.processes import BINARY, ROOT, Directory, RedisServer, Respgate

STAND_INS = ("make", "systemd-sysusers", "systemctl", "docker", "kubectl", "promtool")


def blocks():
    """Of the section, [[command]]."""
    section = (ROOT / "README.md").read_text().split("\n## Running it\n")[1].split("\n## ")[0]
    return [block.splitlines() for block in re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)]


def block_with(word):
    return next(block for block in blocks() if any(word in command for command in block))


class ReadmeRunningTest(unittest.TestCase):
    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.bin = self.directory / "bin"
        self.bin.mkdir()
        self.etc = self.directory / "etc"
        self.log = self.directory / "log"
        self.log.touch()
        for name in STAND_INS:
            self.stand_in(name, f'echo "{name} $*" >>{self.log}')
        self.stand_in("install", f'for word; do shift; [ "$word" = -g ] || [ "$word" = respgate ] || set -- "$@" "$word"; done; exec {shutil.which("install")} "$@"')
        (self.bin / "respgate").symlink_to(BINARY)

    def stand_in(self, name, script):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run_block(self, block, etc=None):
        for command in block:
            with self.subTest(command):
                done = subprocess.run(["sh", "-ec", command.replace("/etc/respgate", str(etc or self.etc))], cwd=ROOT, capture_output=True, text=True,
                                      timeout=DEADLINE, env={**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}"})
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def called(self):
        return self.log.read_text().splitlines()

    def test_no_block_is_left_out(self):
        self.assertEqual(blocks(), [block_with(word) for word in ("make install", "docker build", "kubectl apply", "respgate admin", "promtool check")])

    def test_systemd(self):
        self.run_block(block_with("make install"))
        self.assertEqual(self.called(), ["make install", "systemd-sysusers ", "systemctl daemon-reload", "systemctl enable --now respgate"])
        self.assertEqual(self.etc.stat().st_mode & 0o777, 0o750)
        for name in ("respgate.yaml", "users.acl"):
            self.assertEqual((self.etc / name).stat().st_mode & 0o777, 0o640)

    def test_docker(self):
        self.run_block([command.replace("/etc/respgate", "/ETC") for command in block_with("docker build")])
        build, run = self.called()
        file, tag, context = re.fullmatch(r"docker build -f (\S+) -t (\S+) (\S+)", build).groups()
        self.assertTrue((ROOT / file).is_file())
        self.assertTrue((ROOT / context / "CMakeLists.txt").is_file())
        mounted, config, image = re.search(r" -v (\S+):/ETC:ro -e RESPGATE_CONFIG=/ETC/(\S+) (\S+)$", run).groups()
        self.assertEqual(image, tag)
        # The image's own words are `run`, of that file, and its health check is `admin ready`.
        copy = shutil.copytree(mounted, self.directory / "mounted")
        for path in copy.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        self.assertEqual(subprocess.run([BINARY, "check", "-c", copy / config], capture_output=True, timeout=DEADLINE).returncode, 0)
        self.assertRegex((copy / config).read_text(), r"(?m)^admin:")

    def test_kubernetes(self):
        self.run_block(block_with("kubectl apply"))
        for line in self.called():
            folder = re.fullmatch(r"kubectl apply -k (\S+)", line)[1]
            self.assertTrue((ROOT / folder / "kustomization.yaml").is_file())

    def test_promtool(self):
        self.run_block(block_with("promtool check"))
        self.assertTrue((ROOT / self.called()[0].split()[-1]).is_file())

    def test_admin(self):
        server = RedisServer(self.directory)
        self.addCleanup(server.stop)
        token = self.directory.write("token", "s3cret\n")
        gate = Respgate(self.directory, server, USERS, {"admin": {"token_file": str(token)}}, name="respgate")
        self.addCleanup(gate.stop)
        orders = gate.client("alice", "alice-secret")
        self.addCleanup(orders.close)
        self.run_block([command.replace("--user orders", "--user alice") for command in block_with("respgate admin")], etc=self.directory.path)
        self.assertEqual(orders.read_until_closed(), [])
        self.assertEqual(gate.process.wait(DEADLINE), 0)

    def test_the_words_of_admin_are_all_there(self):
        section = (ROOT / "README.md").read_text().split("\n## Running it\n")[1].split("\n## ")[0]
        text = subprocess.run([BINARY, "admin", "--help"], capture_output=True, text=True, timeout=DEADLINE).stdout
        for word in re.findall(r"^  (\S+)", text.split("\nSubcommands:\n")[1].split("\n\n")[0], re.MULTILINE):
            self.assertRegex(section, rf"respgate admin {word}\b|`{word}`")


if __name__ == "__main__":
    unittest.main()
