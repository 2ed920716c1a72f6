#!/usr/bin/env python3
"""conf/docker/: the Dockerfile holds together, and what its last stage consists of runs with nothing else in sight.

There need be no docker here: conf/docker/image-root, which fills that stage, is run into a folder, and the binary in it
is started with that folder for its root.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESPGATE = os.environ.get("RESPGATE", str(ROOT / "build/respgate"))
DOCKER = ROOT / "conf/docker"
# As root by itself, otherwise as root of a namespace of its own.
CHROOT = [shutil.which("chroot")] if os.geteuid() == 0 else [shutil.which("unshare"), "--map-root-user", shutil.which("chroot")]


def instructions():
    """[(word, rest)] of the Dockerfile; lines that go on are joined."""
    text = re.sub(r"^#.*\n", "", (DOCKER / "Dockerfile").read_text(), flags=re.MULTILINE)
    return [tuple(line.split(maxsplit=1)) for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines() if line.strip()]


def rest_of(word):
    return [rest for name, rest in instructions() if name == word]


class DockerfileTest(unittest.TestCase):
    def test_the_last_stage_begins_with_nothing(self):
        self.assertEqual(rest_of("FROM"), ["debian:12-slim AS build", "scratch"])

    def test_every_source_that_is_copied_exists(self):
        copied = []
        for words in (rest.split() for rest in rest_of("COPY")):
            if words[0] != "--from=build":
                self.assertFalse(words[0].startswith("--"), words)
                copied += words[:-1]
        self.assertIn("proxy", copied)
        for name in copied:
            self.assertTrue((ROOT / name).exists(), name)
        ignored = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
        self.assertEqual([line for line in ignored if not line.startswith("#")][0], "*")
        let_in = {line[1:] for line in ignored if line.startswith("!")}
        self.assertEqual(let_in, set(copied))

    def test_what_is_built_is_what_the_build_needs(self):
        """Every folder that CMakeLists.txt makes a library of."""
        libraries = re.findall(r"^respgate_library\((\w+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)
        self.assertLessEqual(set(libraries), {word for rest in rest_of("COPY") for word in rest.split()})

    @unittest.skipUnless(shutil.which("cmake") and shutil.which("ninja"), "needs cmake and ninja")
    def test_what_is_copied_can_be_configured_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            for rest in rest_of("COPY"):
                *sources, target = rest.split()
                for name in sources:
                    if not name.startswith("--") and (ROOT / name).is_dir():
                        shutil.copytree(ROOT / name, pathlib.Path(folder, target))
                    elif target == "./":
                        shutil.copy(ROOT / name, folder)
            words = next(rest for rest in rest_of("RUN") if rest.startswith("cmake ")).split("&&")[0].split()
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            # Every file that a target is made of is there: ninja says so without building anything.
            done = subprocess.run(["ninja", "-C", "build", "-n", "respgate"], cwd=folder, capture_output=True, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_packages_are_those_that_are_installed_everywhere(self):
        ours = set((ROOT / ".ci/deps").read_text().split("packages=(")[1].split("\n)")[0].split())
        install = rest_of("RUN")[0].split("--no-install-recommends ")[1].split("&&")[0].split()
        self.assertEqual(set(install) - ours, {"ca-certificates"})

    def test_who_runs_it_is_a_number_and_not_root(self):
        user, = rest_of("USER")
        self.assertRegex(user, r"^[1-9]\d+:[1-9]\d+$")

    def test_no_shell_is_asked_for(self):
        for word in ("ENTRYPOINT", "CMD"):
            self.assertIsInstance(json.loads(rest_of(word)[0]), list)
        health = rest_of("HEALTHCHECK")[0]
        self.assertEqual(json.loads(health[health.index("["):]), ["/usr/bin/respgate", "admin", "ready"])

    def test_what_it_runs_is_understood(self):
        self.assertEqual(json.loads(rest_of("ENTRYPOINT")[0]), ["/usr/bin/respgate"])
        for words in (json.loads(rest_of("CMD")[0]), ["admin", "ready"]):
            self.assertEqual(subprocess.run([RESPGATE, *words, "--help"], capture_output=True, timeout=60).returncode, 0, words)


class ImageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name, "image")
        subprocess.run([DOCKER / "image-root", RESPGATE, cls.root], check=True, timeout=120)
        if None in CHROOT or subprocess.run([*CHROOT, "/", "/bin/true"], capture_output=True).returncode != 0:
            raise unittest.SkipTest("may not change its root")

    def inside(self, *words):
        return subprocess.run([*CHROOT, str(self.root), "/usr/bin/respgate", *words], capture_output=True, text=True, timeout=120, env={})

    def test_there_is_one_program_and_it_runs(self):
        programs = [path.name for folder in ("bin", "sbin", "usr/bin", "usr/sbin") for path in (self.root / folder).glob("*")]
        self.assertEqual(programs, ["respgate"])
        done = self.inside("version")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("OpenSSL", done.stdout)

    def test_it_reads_a_configuration_there_and_knows_names(self):
        for name in ("sidecar.yaml", "users.acl"):
            shutil.copy(ROOT / "conf" / name, self.root / "etc/respgate")
            (self.root / "etc/respgate" / name).chmod(0o644)
        (self.root / "etc/hosts").write_text("127.0.0.1 somewhere.test\n")
        done = self.inside("check", "-c", "/etc/respgate/sidecar.yaml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        # A name of the image's own hosts file is looked up, by the C library in the image; nobody listens on port 1.
        done = self.inside("admin", "live", "--address", "somewhere.test:1")
        self.assertEqual((done.returncode, done.stderr.strip()), (1, "respgate: cannot ask somewhere.test:1: Connection refused"))

    def test_the_authorities_are_where_openssl_is_told_to_look(self):
        if not pathlib.Path("/etc/ssl/certs/ca-certificates.crt").exists():
            self.skipTest("no ca-certificates here")
        variables = dict(pair.split("=") for rest in rest_of("ENV") for pair in rest.split())
        self.assertTrue((self.root / variables["SSL_CERT_FILE"].lstrip("/")).is_file())


if __name__ == "__main__":
    unittest.main()
