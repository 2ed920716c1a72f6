"""A program under callgrind: starting it, taking what it has counted so far, and what is in that."""

import collections
import re
import shutil
import subprocess

TOOLS = ("valgrind", "vgdb")


def is_there():
    return all(shutil.which(tool) for tool in TOOLS)


def prefix(directory, name="counted"):
    """What a command line begins with so that its process is counted, into files of the directory."""
    return ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={directory / name}.%p"]


class Counter:
    """Of a process that was started with prefix()."""

    def __init__(self, process, directory, name="counted"):
        self._process, self._file, self._parts = process, directory / f"{name}.{process.pid}", 0

    def take(self):
        """The path of what was counted since it was last called; counting begins again at nothing."""
        subprocess.run(["vgdb", f"--pid={self._process.pid}", "dump"], stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True)
        self._parts += 1
        return self._file.with_name(f"{self._file.name}.{self._parts}")


def total(path):
    """Instructions, of all threads."""
    with open(path, encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("summary:"))


_NAME = re.compile(r"(c?fn)=\((\d+)\)(?: (.*))?\n")


def functions(path):
    """{function: (its own instructions, those of what it called as well)}.  Who calls himself is counted again in the second."""
    names, own, called = {}, collections.Counter(), collections.Counter()
    function = callee = None
    with open(path, encoding="utf-8") as file:
        for line in file:
            name = _NAME.fullmatch(line)
            if name:
                if name[3]:
                    names[name[2]] = name[3]
                if name[1] == "fn":
                    function, callee = name[2], None
                else:
                    callee = name[2]
            elif line[0].isdigit() or line[0] in "+-*":
                cost = int(line.split()[1])
                if callee:
                    # Recursion of a function into itself adds nothing that is not there already.
                    called[function] += cost if callee != function else 0
                    callee = None
                else:
                    own[function] += cost
    found = collections.defaultdict(lambda: [0, 0])
    for number in own.keys() | called.keys():
        found[names[number]][0] += own[number]
        found[names[number]][1] += own[number] + called[number]
    return {name: tuple(costs) for name, costs in found.items()}
