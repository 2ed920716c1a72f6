#!/usr/bin/env python3
"""README's table of commands is the command table's.

tests/data/dispatch.txt is held to the table itself by DispatchTest; the README shows it in a shorter form.  With
`--write` this writes the table into README.md.
"""

import re
import sys
import unittest

README, DISPATCH = "README.md", "tests/data/dispatch.txt"
TITLES = {
    "forwarded": "Sent over a connection that clients share",
    "pinned": "Sent over a connection that the client has for itself meanwhile",
    "local": "Answered by respgate",
    "refused": "Refused to everybody",
}


def sections():
    with open(DISPATCH, encoding="utf-8") as file:
        found = re.findall(r"^(\w+):\n((?:  .*\n?)+)", file.read(), re.MULTILINE)
    return {name: words.split() for name, words in found}


def shortened(names, all_names):
    """`CLUSTER *` for a family that is here whole; the family's bare name is only what has an arity error."""
    shown, mine = [], set(names)
    for name in names:
        family = name.split("|")[0]
        members = {other for other in all_names if other.startswith(family + "|")}
        if not members:
            shown.append(name.upper())
        elif members <= mine:
            if f"{family.upper()} *" not in shown:
                shown.append(f"{family.upper()} *")
        elif "|" in name:
            shown.append(name.upper().replace("|", " "))
    return shown


def table():
    parts = sections()
    everything = [name for names in parts.values() for name in names]
    rows = [f"| **{TITLES[part]}** | {', '.join(f'`{name}`' for name in shortened(parts[part], everything))} |" for part in TITLES]
    return "| | commands |\n|---|---|\n" + "\n".join(rows) + "\n"


_BLOCK = re.compile(r"(<!-- commands -->\n).*?(<!-- /commands -->)", re.DOTALL)


class ReadmeCommandsTest(unittest.TestCase):
    def test_the_table_of_the_readme_is_that_of_the_commands(self):
        with open(README, encoding="utf-8") as file:
            text = file.read()
        self.assertRegex(text, _BLOCK)
        self.assertTrue(_BLOCK.sub(lambda match: match[1] + table() + match[2], text) == text,
                        f"{README} is out of date: run {__file__} --write")

    def test_every_command_is_in_exactly_one_part(self):
        names = [name for names in sections().values() for name in names]
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual(set(sections()), set(TITLES))


def write():
    with open(README, encoding="utf-8") as file:
        text = file.read()
    with open(README, "w", encoding="utf-8") as file:
        file.write(_BLOCK.sub(lambda match: match[1] + table() + match[2], text))


if __name__ == "__main__":
    write() if sys.argv[1:] == ["--write"] else unittest.main()
