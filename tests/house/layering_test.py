"""Holds the sources to the rules of the house: which folder may include what, and how a file begins.

Linking proves little of this (Boost and OpenSSL are on every include path), so the includes themselves are read.
"""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE_FOLDERS = ("protocol", "acl", "tls", "proxy")
TOP_LEVEL = {
    "CMakeLists.txt", "proxy", "protocol", "acl", "tls", "bench", "tests", "conf", "README.md",
    "Makefile", "CMakePresets.json", ".clang-format", ".clang-tidy", ".ci", "LICENSE", ".gitignore",
}
MAX_LINES = 400

# Of <...>: a regular expression for all that is not standard C++.  Of "...": the folders.
OPENSSL_HASHES = r"openssl/(evp|crypto|sha)\.h"
RESULT = r"boost/system/result\.hpp"
MAY_INCLUDE = {
    "protocol": {"system": r"(?!)", "folders": {"protocol"}},
    "acl": {"system": f"{RESULT}|{OPENSSL_HASHES}", "folders": {"protocol", "acl"}},
    "tls": {"system": r"boost/(asio|system)(/.*)?\.hpp|openssl/.*|sys/.*|netinet/.*|malloc\.h|poll\.h|unistd\.h", "folders": {"tls"}},
    "proxy": {"system": r".*", "folders": {"protocol", "acl", "tls", "proxy"}},
}

# The rooms of proxy/, in which all of it lies but main.cc: each may use those before it.
ROOMS = ("common", "aws", "config", "metrics", "audit", "gate", "lane", "snapshot", "posture", "reception", "session", "admin", "files", "server", "cli")

# Parts of proxy/ that decide, and therefore touch no socket, clock, thread or log; they may use each other.
# (local_acl asks the system for random bytes: ACL GENPASS.)
PURE_PROXY = re.compile(
    r"gate/(?!local_acl$)\w+|aws/(credentials|iam_token|iam_users|refresh|sigv4|url)|common/(input_buffer|request|ring|string_memory)"
    r"|lane/(pipeline|upstream_hello|upstream_login)|session/reply_queue")
PURE_PROXY_MAY_INCLUDE = RESULT + r"|sys/uio\.h|openssl/(crypto|evp|hmac)\.h"  # the struct iovec; hashes

STANDARD = set("""
    algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono cinttypes climits clocale cmath
    codecvt compare complex concepts condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime
    cuchar cwchar cwctype deque exception execution filesystem format forward_list fstream functional future initializer_list iomanip
    ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource mutex new numbers numeric optional ostream
    queue random ranges ratio regex scoped_allocator semaphore set shared_mutex source_location span sstream stack stdexcept stop_token
    streambuf string string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map
    unordered_set utility valarray variant vector version
""".split())
# Time is handed to what decides, never asked for: durations yes, now() no.
IMPURE_STANDARD = {"condition_variable", "fstream", "future", "iostream", "mutex", "random", "shared_mutex", "thread"}
CLOCK = re.compile(r"_clock::now\(|\btime\(nullptr\)|\bclock_gettime\(")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def violations(root):
    """Every breach below `root`, as "file: what is wrong"."""
    return [
        f"{path.relative_to(root)}: {fault}"
        for folder in SOURCE_FOLDERS
        for path in sorted((root / folder).rglob("*"))
        if path.suffix in (".h", ".cc", ".inc")
        for fault in faults(root, path.relative_to(root))
    ]


def faults(root, path):
    """`path` is relative to the root: acl/policy.h, proxy/gate/gate.cc."""
    text = (root / path).read_text(encoding="utf-8")
    includes = INCLUDE.findall(text)
    yield from place_faults(path)
    for bracket, name in includes:
        yield from (own_include_faults(root, path, name) if bracket == '"' else system_include_faults(path, name))
    if is_pure(path) and CLOCK.search(text):
        yield "asks for the time; what only decides is handed it"
    own_header = path.with_suffix(".h")
    if path.suffix == ".cc" and (root / own_header).exists():
        if not includes or includes[0][1] != str(own_header):
            yield "its own header is not its first include, so nothing shows that the header compiles alone"
    if path.suffix == ".h":
        if not text.startswith("// "):
            yield "a header begins with a comment that says what it is for"
        if len(re.findall(r"^#pragma once$", text, re.MULTILINE)) != 1:
            yield "a header has #pragma once, once"
    lines = text.count("\n")
    if path.suffix != ".inc" and lines > MAX_LINES:
        yield f"{lines} lines; {MAX_LINES} is where a file is two things"


def place_faults(path):
    if path.parts[0] != "proxy":
        if len(path.parts) != 2:
            yield "only proxy/ has rooms"
    elif room(path) not in ROOMS and str(path) != "proxy/main.cc":
        yield f"is in no room of proxy/: {', '.join(ROOMS)}"


def room(path):
    return path.parts[1] if len(path.parts) == 3 else None


def is_pure(path):
    return path.parts[0] in ("protocol", "acl") or bool(PURE_PROXY.fullmatch(str(path.relative_to(path.parts[0]).with_suffix(""))))


def own_include_faults(root, path, name):
    target = pathlib.PurePosixPath(name)
    if ".." in target.parts or not (root / name).is_file():
        yield f'"{name}" is not a path from the root of the project'
    elif target.parts[0] not in MAY_INCLUDE[path.parts[0]]["folders"]:
        yield f'"{name}" is above {path.parts[0]}/'
    elif room(path) in ROOMS and room(target) in ROOMS and ROOMS.index(room(target)) > ROOMS.index(room(path)):
        yield f'"{name}" is above proxy/{room(path)}/'
    elif is_pure(path) and target.parts[0] == "proxy" and not is_pure(target):
        yield f'"{name}" is not pure, and {path.stem} is'


def system_include_faults(path, name):
    rule = MAY_INCLUDE[path.parts[0]]["system"]
    if name in STANDARD:
        if is_pure(path) and name in IMPURE_STANDARD:
            yield f"<{name}> brings a thread, a file or chance into what only decides"
    elif path.parts[0] == "proxy" and is_pure(path) and not re.fullmatch(PURE_PROXY_MAY_INCLUDE, name):
        yield f"<{name}> is not pure, and {path.stem} is"
    elif not re.fullmatch(rule, name):
        yield f"<{name}> is not for {path.parts[0]}/"


class TheHouse(unittest.TestCase):
    def test_sources_keep_its_rules(self):
        self.assertEqual(violations(ROOT), [])

    def test_every_folder_has_sources_to_check(self):
        for folder in ("protocol", "acl", "tls", *(f"proxy/{name}" for name in ROOMS)):
            self.assertTrue(list((ROOT / folder).glob("*.h")), folder)

    def test_top_level_is_fixed(self):
        if not (ROOT / ".git").exists() or not shutil.which("git"):
            self.skipTest("no git to ask")
        listing = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
        top = {name.split("/")[0] for name in listing.stdout.split("\0") if name}
        self.assertEqual(top - TOP_LEVEL, set())


class TheRulesBite(unittest.TestCase):
    """A check that cannot fail is none: each breach is made, and must be the only one found."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ("protocol/resp.h", "acl/policy.h", "tls/stream.h", "proxy/gate/gate.h", "proxy/lane/lane.h", "proxy/metrics/metrics.h"):
            self.write(name, "// What it is for.\n#pragma once\n")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def assert_refused(self, name, text, why):
        self.write(name, text)
        found = violations(self.root)
        self.assertEqual(len(found), 1, found)
        self.assertIn(f"{name}: ", found[0])
        self.assertIn(why, found[0])

    def test_a_clean_house_passes(self):
        self.write("acl/policy.cc", '#include "acl/policy.h"\n\n#include <string>\n\n#include <openssl/evp.h>\n\n#include "protocol/resp.h"\n')
        self.write("proxy/lane/lane.cc", '#include "proxy/lane/lane.h"\n\n#include <sys/socket.h>\n\n#include <boost/asio.hpp>\n\n#include "tls/stream.h"\n')
        self.assertEqual(violations(self.root), [])

    def test_protocol_includes_no_sibling(self):
        self.assert_refused("protocol/a.cc", '#include "acl/policy.h"\n', "above protocol/")

    def test_protocol_includes_nothing_foreign(self):
        for name in ("boost/asio.hpp", "boost/system/result.hpp", "openssl/evp.h", "sys/socket.h"):
            self.assert_refused("protocol/a.cc", f"#include <{name}>\n", "is not for protocol/")

    def test_acl_includes_no_socket_log_or_clock(self):
        for name in ("boost/asio.hpp", "spdlog/spdlog.h", "sys/socket.h", "openssl/ssl.h", "time.h"):
            self.assert_refused("acl/a.cc", f"#include <{name}>\n", "is not for acl/")

    def test_acl_includes_no_folder_above_it(self):
        for name in ("tls/stream.h", "proxy/gate/gate.h"):
            self.assert_refused("acl/a.cc", f'#include "{name}"\n', "above acl/")

    def test_pure_folders_include_no_thread_or_file(self):
        self.assert_refused("acl/a.cc", "#include <thread>\n", "what only decides")

    def test_what_decides_is_handed_the_time(self):
        self.assert_refused("acl/a.cc", "auto t = std::chrono::steady_clock::now();\n", "asks for the time")

    def test_tls_includes_no_sibling(self):
        for name in ("protocol/resp.h", "acl/policy.h", "proxy/gate/gate.h"):
            self.assert_refused("tls/a.cc", f'#include "{name}"\n', "above tls/")

    def test_tls_includes_no_log(self):
        self.assert_refused("tls/a.cc", "#include <spdlog/spdlog.h>\n", "is not for tls/")

    def test_pure_parts_of_proxy_stay_pure(self):
        self.assert_refused("proxy/gate/gate.cc", '#include "proxy/gate/gate.h"\n#include <boost/asio.hpp>\n', "is not pure")
        self.assert_refused("proxy/gate/gate.cc", '#include "proxy/gate/gate.h"\n#include "proxy/metrics/metrics.h"\n', "is not pure")

    def test_a_room_includes_none_behind_it(self):
        self.assert_refused("proxy/common/a.cc", '#include "proxy/lane/lane.h"\n', "above proxy/common/")

    def test_everything_is_in_a_room(self):
        self.assert_refused("proxy/a.cc", "", "in no room of proxy/")

    def test_what_is_no_proxy_has_no_rooms(self):
        self.assert_refused("acl/deep/a.cc", "", "only proxy/ has rooms")

    def test_includes_are_relative_to_the_root(self):
        for name in ("gate.h", "../proxy/gate/gate.h", "proxy/missing.h"):
            self.assert_refused("proxy/gate/a.cc", f'#include "{name}"\n', "not a path from the root")

    def test_an_indented_include_is_seen(self):
        self.assert_refused("protocol/a.cc", " # include <boost/asio.hpp>\n", "is not for protocol/")

    def test_included_rows_are_sources_too(self):
        self.assert_refused("protocol/rows.inc", "#include <boost/asio.hpp>\n", "is not for protocol/")

    def test_a_source_includes_its_header_first(self):
        self.assert_refused("proxy/lane/lane.cc", '#include <string>\n\n#include "proxy/lane/lane.h"\n', "its own header")

    def test_a_header_begins_with_a_comment(self):
        self.assert_refused("acl/a.h", "#pragma once\n// Late.\n", "begins with a comment")

    def test_a_header_is_included_once(self):
        self.assert_refused("acl/a.h", "// What it is for.\n", "#pragma once")

    def test_a_file_is_one_thing(self):
        self.assert_refused("acl/a.cc", "// line\n" * (MAX_LINES + 1), "401 lines")


if __name__ == "__main__":
    unittest.main()
