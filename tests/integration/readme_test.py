#!/usr/bin/env python3
"""README.md's tour, run as written: every command of its console blocks, and what it prints.

The proxy is the one that `make run` ends in, on a port of its own: `redis-cli` becomes `redis-cli -p PORT`, and
`build/respgate` the binary under test.
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from harness.deadline import wait_until

RESPGATE = os.environ["RESPGATE"]
README = "README.md"


def tour():
    """The (command, what it prints) pairs of every ```console block, in order."""
    with open(README, encoding="utf-8") as file:
        blocks = re.findall(r"^```console\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    steps = []
    for block in blocks:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            steps.append((command, output))
    return steps


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@unittest.skipUnless(shutil.which("redis-cli"), "needs redis-cli")
class ReadmeTest(unittest.TestCase):
    def setUp(self):
        self.port = free_port()
        self.dev = subprocess.Popen([RESPGATE, "dev", "--port", str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end)
        wait_until(lambda: accepts(self.port), "respgate dev listens")
        # What is reported of files depends on their modes, and those of a checkout on the umask it was made with.
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for name in ("conf", "tests/data/posture", "tests/data/elasticache"):
            shutil.copytree(name, os.path.join(self.folder, name))
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", self.folder], check=True)

    def end(self):
        self.dev.terminate()
        self.assertEqual(self.dev.wait(timeout=60), 0)

    def run_step(self, command):
        command = command.replace("redis-cli", f"redis-cli -p {self.port}").replace("build/respgate", os.path.abspath(RESPGATE))
        command = command.replace("--from-server 127.0.0.1:6379", f"--from-server 127.0.0.1:{self.port}")
        done = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False, cwd=self.folder)
        # redis-cli puts an empty line behind an error; explain names files in full.
        lines = done.stdout.decode().replace(self.folder + "/", "").splitlines()
        return "".join(line + "\n" for line in lines if line)

    def test_every_command_prints_what_is_written(self):
        steps = tour()
        self.assertGreater(len(steps), 10)
        for command, expected in steps:
            with self.subTest(command):
                self.assertEqual(self.run_step(command), expected)


if __name__ == "__main__":
    unittest.main()
