#!/usr/bin/env python3
"""conf/systemd/: the unit is as tight as a proxy can be, and `make install` puts everything where it is looked for."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESPGATE = pathlib.Path(os.environ.get("RESPGATE", ROOT / "build/respgate")).resolve()
UNIT = ROOT / "conf/systemd/respgate.service"
# What is left is the network, which is what a proxy is for (0.5 for having one, 0.3 for the internet, 0.2 for all of it),
# unix sockets, the host's own files, and a clock that ProtectClock= itself lets be read.
MAX_EXPOSURE = 1.1


def settings():
    """{setting: [value]} of the unit; a setting may be given several times."""
    found = {}
    for line in UNIT.read_text().splitlines():
        name, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


class UnitTest(unittest.TestCase):
    @unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze")
    def test_its_exposure_is_what_a_network_service_cannot_do_without(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={int(MAX_EXPOSURE * 10)}", UNIT],
                              capture_output=True, text=True, timeout=60)
        self.assertRegex(done.stdout, r"Overall exposure level for respgate\.service: \d")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze")
    def test_systemd_understands_every_line(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder, "respgate.service")
            unit.write_text(UNIT.read_text().replace("/usr/local/bin/respgate", "/bin/true"))
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_it_says_when_it_is_ready(self):
        self.assertEqual(settings()["Type"], ["notify"])
        self.assertEqual(settings()["ExecReload"], ["/bin/kill -HUP $MAINPID"])

    def test_it_may_do_nothing_that_root_may(self):
        unit = settings()
        for name in ("CapabilityBoundingSet", "AmbientCapabilities"):
            self.assertEqual(unit[name], [""])
        self.assertEqual(unit["User"], ["respgate"])
        self.assertIn("u respgate ", (UNIT.parent / "respgate.sysusers").read_text())

    def test_it_is_given_the_time_that_the_examples_give_their_clients(self):
        for example in (ROOT / "conf").glob("*.yaml"):
            grace = yaml.safe_load(example.read_text())["shutdown"]["grace"]
            self.assertGreater(seconds(settings()["TimeoutStopSec"][0]), seconds(grace), example)

    def test_logrotate_moves_what_the_unit_writes(self):
        text = (UNIT.parent / "respgate.logrotate").read_text()
        self.assertIn(f"/var/log/{settings()['LogsDirectory'][0]}/*.jsonl {{", text)
        self.assertIn("--signal=HUP respgate.service", text)

    @unittest.skipUnless(shutil.which("logrotate"), "needs logrotate")
    def test_logrotate_understands_it(self):
        with tempfile.TemporaryDirectory() as folder:
            rules = pathlib.Path(folder, "respgate")
            rules.write_text((UNIT.parent / "respgate.logrotate").read_text().replace("su respgate respgate", ""))
            rules.chmod(0o644)
            done = subprocess.run(["logrotate", "--debug", "--state", f"{folder}/state", rules], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("error:", done.stderr)


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        build = RESPGATE.parent
        if not shutil.which("cmake") or not (build / "cmake_install.cmake").exists():
            raise unittest.SkipTest("the binary was not built by cmake here")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        subprocess.run(["cmake", "--install", build, "--prefix", "/opt/gate"], check=True, capture_output=True, timeout=120,
                       env={**os.environ, "DESTDIR": str(cls.root)})
        cls.prefix = cls.root / "opt/gate"

    def test_nothing_is_put_beside_the_prefix(self):
        self.assertEqual([path.name for path in self.root.iterdir()], ["opt"])
        self.assertEqual([path.name for path in (self.root / "opt").iterdir()], ["gate"])

    def test_the_program_runs(self):
        self.assertEqual(subprocess.run([self.prefix / "bin/respgate", "version"], capture_output=True, timeout=60).returncode, 0)

    def test_the_unit_names_the_program_that_was_installed(self):
        text = (self.prefix / "lib/systemd/system/respgate.service").read_text()
        self.assertEqual(text, UNIT.read_text().replace("/usr/local/bin/respgate", "/opt/gate/bin/respgate"))
        self.assertIn("\nExecStart=/opt/gate/bin/respgate run -c ", text)
        self.assertIn("\nExecPaths=/opt/gate/bin/respgate ", text)

    def test_user_page_and_examples_are_there(self):
        self.assertTrue((self.prefix / "lib/sysusers.d/respgate.conf").is_file())
        self.assertIn(".TH RESPGATE 1", (self.prefix / "share/man/man1/respgate.1").read_text())
        examples = self.prefix / "share/doc/respgate/conf"
        for name in ("sidecar.yaml", "gateway.yaml", "dev.yaml", "users.acl", "systemd/respgate.logrotate", "kubernetes/gateway/deployment.yaml",
                     "prometheus/respgate.rules.yml", "grafana/respgate.json", "docker/Dockerfile"):
            self.assertTrue((examples / name).is_file(), name)
        json.loads((examples / "grafana/respgate.json").read_text())

    def test_what_is_installed_is_nobody_elses_to_write(self):
        for path in self.prefix.rglob("*"):
            if path.is_file():
                self.assertEqual(path.stat().st_mode & 0o022, 0, path)


if __name__ == "__main__":
    unittest.main()
