"""Runs .ci/deps with stand-ins for apt and dpkg, and looks at what it asks of them."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ("bash", "chmod", "grep", "rm", "tee", "env")


class DepsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.bin = self.root / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.policy = self.root / "policy-rc.d"
        self.log = self.root / "log"
        self.stand_in("id", "echo 0")
        self.stand_in("update-rc.d", f'echo "update-rc.d $*" >>{self.log}')
        self.stand_in("apt-get", f'echo "$*" >>{self.log}; [ "$1" = update ] || [ ! -e {self.policy} ] || cp {self.policy} {self.root}/seen')
        (self.bin / "cp").symlink_to(shutil.which("cp"))
        self.installed("g++", "cmake")

    def stand_in(self, name, script):
        path = self.bin / name
        path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
        path.chmod(0o755)

    def installed(self, *packages):
        self.stand_in("dpkg-query", "\n".join(f"echo 'installed {package}'" for package in packages) + "\nexit 1")

    def deps(self, *packages):
        environment = {"PATH": str(self.bin), "POLICY_RC_D": str(self.policy)}
        return subprocess.run([ROOT / ".ci/deps", *packages], env=environment, capture_output=True, text=True, timeout=60)

    def asked(self):
        return self.log.read_text().splitlines() if self.log.exists() else []

    def test_nothing_is_asked_when_nothing_is_missing(self):
        self.assertEqual(self.deps("g++", "cmake").returncode, 0)
        self.assertEqual(self.asked(), [])

    def test_only_what_is_missing_is_installed(self):
        self.assertEqual(self.deps("g++", "curl", "cmake", "ccache").returncode, 0)
        self.assertEqual(self.asked(), ["update -q", "install -q -y --no-install-recommends curl ccache"])

    def test_a_name_that_begins_like_an_installed_one_is_missing(self):
        self.assertEqual(self.deps("cmak", "g+").returncode, 0)
        self.assertEqual(self.asked()[1:], ["install -q -y --no-install-recommends cmak g+"])

    def test_the_own_list_names_compiler_and_server(self):
        self.deps()
        self.assertIn("redis-server", self.asked()[1].split())
        self.assertNotIn("g++", self.asked()[1].split())

    def test_redis_is_not_started_now_or_at_boot(self):
        self.assertEqual(self.deps("redis-server").returncode, 0)
        self.assertEqual(self.asked()[-1], "update-rc.d redis-server disable")
        policy = self.root / "seen"
        self.assertEqual(subprocess.run(["sh", policy, "redis-server", "start"]).returncode, 101)
        self.assertEqual(subprocess.run(["sh", policy, "redis-server.service", "start"]).returncode, 101)
        self.assertEqual(subprocess.run(["sh", policy, "ssh", "restart"]).returncode, 0)
        self.assertFalse(self.policy.exists())

    def test_the_peers_of_the_bench_are_not_started_either(self):
        self.assertEqual(self.deps("nutcracker", "haproxy").returncode, 0)
        self.assertEqual(self.asked()[-2:], [f"update-rc.d {name} disable" for name in ("haproxy", "nutcracker")])
        starts = lambda name: subprocess.run(["sh", self.root / "seen", name, "start"], check=False).returncode
        for name in ("nutcracker", "nutcracker.service", "haproxy", "haproxy.service"):
            self.assertEqual(starts(name), 101, name)
        self.assertEqual(starts("redis-server"), 0)  # was here before, and is somebody's

    def test_other_packages_touch_no_service(self):
        self.deps("curl")
        self.assertFalse((self.root / "seen").exists())
        self.assertFalse(any("update-rc.d" in line for line in self.asked()))

    def test_a_policy_in_force_is_left_alone(self):
        self.policy.write_text("#!/bin/sh\nexit 101\n")
        self.assertEqual(self.deps("redis-server").returncode, 0)
        self.assertEqual(self.policy.read_text(), "#!/bin/sh\nexit 101\n")

    def test_no_policy_stays_behind_when_apt_fails(self):
        self.stand_in("apt-get", "exit 100")
        self.assertEqual(self.deps("redis-server").returncode, 100)
        self.assertFalse(self.policy.exists())

    def test_without_root_and_sudo_it_says_what_to_install(self):
        self.stand_in("id", "echo 1000")
        done = self.deps("g++", "curl")
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt-get install curl\n", done.stderr)
        self.assertEqual(self.asked(), [])

    def test_without_root_it_uses_sudo(self):
        self.stand_in("id", "echo 1000")
        self.stand_in("sudo", f'echo "sudo $1" >>{self.log}; exec "$@"')
        self.assertEqual(self.deps("curl").returncode, 0)
        self.assertEqual(self.asked()[:2], ["sudo apt-get", "update -q"])

    def test_where_there_is_no_apt_it_lists_what_is_needed(self):
        (self.bin / "apt-get").unlink()
        done = self.deps("g++", "curl")
        self.assertEqual(done.returncode, 0)
        self.assertIn("g++ curl", done.stderr)


if __name__ == "__main__":
    unittest.main()
