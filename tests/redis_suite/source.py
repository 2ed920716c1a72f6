"""Redis's own test suite: the source package of the Debian that runs, unpacked once below build/.

apt knows where its binary packages come from; their sources lie beside them.  A list of that, with lists of its own,
is made for the one download, so the machine's configuration is neither changed nor needed to have deb-src.
"""

import os
import pathlib
import shutil
import subprocess

SOURCES_LIST = pathlib.Path("/etc/apt/sources.list")
SOURCES_FOLDER = pathlib.Path("/etc/apt/sources.list.d")


def fetched(folder):
    """The folder of the unpacked source, fetched now if it is not there yet."""
    folder = pathlib.Path(folder).resolve()  # apt takes a relative name for one below its own folders
    found = unpacked(folder)
    if found is None:
        fetch(folder)
        found = unpacked(folder)
    if found is None:
        raise SystemExit(f"redis-suite: apt-get source left no runtest in {folder}")
    return found


def unpacked(folder):
    return next((path.parent for path in sorted(folder.glob("redis-*/runtest"))), None)


def fetch(folder):
    state = folder / "apt"
    shutil.rmtree(state, ignore_errors=True)
    for name in ("lists/partial", "cache/archives/partial", "parts"):
        (state / name).mkdir(parents=True)
    for number, text in enumerate(of_sources(machine_lists())):
        path = state / "parts" / f"{number}{text[0]}"
        path.write_text(text[1], encoding="utf-8")
    options = [
        "-o", f"Dir::State::lists={state}/lists", "-o", f"Dir::Cache={state}/cache",
        "-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={state}/parts",
        "-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none",
    ]
    subprocess.run(["apt-get", "-q", *options, "update"], check=True, stdin=subprocess.DEVNULL)
    subprocess.run(["apt-get", "-q", *options, "source", wanted()], check=True, stdin=subprocess.DEVNULL, cwd=folder)
    shutil.rmtree(state)


def wanted():
    """The source of the very server that is installed."""
    version = subprocess.run(["dpkg-query", "-W", "-f", "${source:Version}", "redis-server"], check=True, capture_output=True, text=True)
    return f"redis={version.stdout}"


def machine_lists():
    """(suffix, text) of each list that apt reads here."""
    paths = [SOURCES_LIST, *sorted(SOURCES_FOLDER.glob("*.list")), *sorted(SOURCES_FOLDER.glob("*.sources"))]
    return [(path.suffix, path.read_text(encoding="utf-8")) for path in paths if path.is_file() and os.access(path, os.R_OK)]


def of_sources(lists):
    """The same places, of sources instead of binaries."""
    return [(suffix, one_line_style(text) if suffix == ".list" else deb822_style(text)) for suffix, text in lists]


def one_line_style(text):
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"deb-src{line[3:]}\n" for line in lines if line.startswith(("deb ", "deb\t")))


def deb822_style(text):
    kept = []
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon and name.strip().lower() == "types":
            line = "Types: deb-src" if "deb" in value.split() else line
        kept.append(line)
    return "\n".join(kept) + "\n"
