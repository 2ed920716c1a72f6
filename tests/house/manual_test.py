#!/usr/bin/env python3
"""The man page that .ci/manual makes: every subcommand and every option that --help tells of is in it, and man takes it."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESPGATE = os.environ.get("RESPGATE", str(ROOT / "build/respgate"))


def help_of(*words):
    return subprocess.run([RESPGATE, *words, "--help"], check=True, capture_output=True, text=True, timeout=60).stdout


def subcommands(*words):
    """(words,) of each below, and of each below that."""
    _, _, rows = help_of(*words).partition("\nSubcommands:\n")
    for name in re.findall(r"^  (\S+)", rows.split("\n\n")[0], re.MULTILINE):
        yield (*words, name)
        yield from subcommands(*words, name)


class ManualTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.file = pathlib.Path(folder.name, "respgate.1")
        subprocess.run([ROOT / ".ci/manual", RESPGATE, cls.file], check=True, timeout=120)
        cls.page = cls.file.read_text().replace("\\-", "-")

    def test_every_subcommand_is_in_it(self):
        names = [" ".join(("respgate", *words)) for words in subcommands()]
        self.assertIn("respgate run", names)
        self.assertIn("respgate admin ready", names)
        self.assertEqual(re.findall(r"^\.SS (.*)$", self.page, re.MULTILINE), names)

    def test_every_option_is_in_it(self):
        for words in ((), *subcommands()):
            section = self.page.split(f"\n.SS {' '.join(('respgate', *words))}\n")[1].split("\n.S")[0] if words else self.page
            for names in re.findall(r"^  (-\S+)", help_of(*words), re.MULTILINE):
                for name in names.split(","):
                    if words and name in ("-h", "--help"):
                        continue  # told once, at the top
                    self.assertIn(f"\\fB{name}\\fR", section, words)

    def test_what_options_are_for_is_said_whole(self):
        for words in (("run",), ("explain",), ("admin", "drain")):
            for line in help_of(*words).splitlines():
                explanation = line[30:] if line.startswith(" " * 30) else ""
                if explanation:
                    self.assertIn(explanation, self.page.replace("\\(ga", "`").replace("\\(aq", "'"))

    def test_it_is_the_same_each_time(self):
        again = self.file.with_name("again.1")
        subprocess.run([ROOT / ".ci/manual", RESPGATE, again], check=True, timeout=120)
        self.assertEqual(again.read_text(), self.file.read_text())

    @unittest.skipUnless(shutil.which("man") and shutil.which("groff"), "needs man and groff")
    def test_man_shows_it_without_a_warning(self):
        done = subprocess.run(["man", "--warnings", "-l", self.file], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8", "MANPAGER": "cat"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        shown = re.sub(r".\x08", "", done.stdout)
        for words in subcommands():
            self.assertIn("\n   respgate " + " ".join(words) + "\n", shown)


if __name__ == "__main__":
    unittest.main()
