#!/usr/bin/env python3
"""Instructions per command, counted by callgrind: unlike a time, they do not depend on what else the machine does.

Everything is on as people run it (stage.py); one client sends a command and waits for the answer, the server answers at once.
Counted is the whole process but the thread that writes the audit log, which is shown beside it: how much that does at once is
chance.  Neither kernel nor server is in it.

    bench/instructions.py [--record] [--top CASE]

--record writes the figures into instructions.json, to which tests/bench holds respgate; --top shows where those of a case go.
"""

import argparse
import dataclasses
import json
import pathlib
import re
import ssl
import statistics
import sys

import callgrind
import measure  # finds the harness
import stage

from harness.pki import Authority, TlsClient, client_context
from harness.processes import BINARY, Directory, Respgate, free_port
from harness.resp import encode
from harness.scripted import ScriptedServer, bulk, honest_reply

RECORD = pathlib.Path(__file__).with_name("instructions.json")
MAY_GROW_BY = 0.05
AUDIT = "respgate::proxy::AuditLog::Impl::run()"
WARM_UP, ROUND_TRIPS, ROUNDS = 100, 500, 3
VALUE = b"x" * 64
KEYS = [f"key:{number:012}" for number in range(10)]


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    words: tuple
    answer: bytes = b""  # empty: the server's
    at_once: int = 1     # commands in a pipeline
    tls: bool = False    # 1.3, to the client


CASES = (
    Case("GET", ("GET", KEYS[0])),
    Case("SET 1 KiB", ("SET", KEYS[0], "x" * 1024)),
    Case("MGET of 10", ("MGET", *KEYS)),
    Case("denied key", ("GET", "other:000000000001"),
         b"-NOPERM this user has no permissions to access one of the keys used as arguments\r\n"),
    Case("GET, pipeline of 16", ("GET", KEYS[0]), at_once=16),
    Case("GET over TLS", ("GET", KEYS[0]), tls=True),
)


def answer(words):
    name = words[0].upper()
    if name == b"GET":
        return bulk(VALUE)
    return b"*%d\r\n" % (len(words) - 1) + bulk(VALUE) * (len(words) - 1) if name == b"MGET" else honest_reply(words)


class Node(ScriptedServer):
    """Answers a pipeline in one piece, so that a proxy always has the same to do."""

    def __init__(self, directory):
        super().__init__(directory)
        self.at_once, self._answers, self._owed = 1, b"", 0
        self.on_request = self._on_request

    def _on_request(self, connection, words):
        self._answers += answer(words)
        self._owed += words[0].upper() != b"ECHO"  # which respgate asks for itself now and then
        if self._owed % self.at_once == 0:
            connection.write(self._answers)
            self._answers, self._owed = b"", 0
        return True


def load(client, case, round_trips):
    asked = encode(*case.words) * case.at_once
    expected = (case.answer or answer([word.encode() for word in case.words])) * case.at_once
    for _ in range(round_trips):
        client.socket.sendall(asked)
        answered = b""
        while len(answered) < len(expected):
            more = client.socket.recv(65536)
            if not more:
                break
            answered += more
        if answered != expected:
            raise AssertionError(f"{case.name} is answered {answered!r}, not {expected!r}")


def parts_of(counter, client, case):
    for _ in range(ROUNDS):
        counter.take()
        load(client, case, ROUND_TRIPS)
        yield counter.take()


@dataclasses.dataclass
class Counted:
    """Per command."""
    rounds: list     # instructions, in each round
    audit: float     # in the audit's thread
    functions: dict  # name: (instructions of its own, with what it calls)

    @property
    def instructions(self):
        return statistics.median(self.rounds)


def counted(cases=CASES):
    """{name of a case: Counted}"""
    directory, found = Directory(), {}
    try:
        node, authority = Node(directory), Authority(directory)
        listeners, address = listening(directory, authority)
        changes = {"workers": 1, "listeners": listeners, "commands": {"rules": stage.RULES}}
        gate = Respgate(directory, node, stage.USERS, changes, prefix=callgrind.prefix(directory))
        try:
            counter = callgrind.Counter(gate.process, directory)
            over_tls = TlsClient(address, client_context(authority, version=ssl.TLSVersion.TLSv1_3))
            with gate.client(*stage.LOGIN) as plain, over_tls.login(*stage.LOGIN):
                for case in cases:
                    client = over_tls if case.tls else plain
                    node.at_once = case.at_once
                    load(client, case, WARM_UP)
                    found[case.name] = of_parts(parts_of(counter, client, case), ROUND_TRIPS * case.at_once)
        finally:
            gate.stop()
            node.stop()
    finally:
        directory.remove()
    return found


def listening(directory, authority):
    """What respgate listens to, plain and over TLS, and the address of the second."""
    certificate, key = authority.issue("node")
    address = ("127.0.0.1", free_port())
    return [{"name": "main", "address": f"unix:{directory / 'gate.sock'}"},
            {"name": "tls", "address": "%s:%d" % address, "tls": {"cert_file": certificate, "key_file": key}}], address


def of_parts(parts, commands):
    rounds = []
    for part in parts:
        functions = {name: tuple(cost / commands for cost in costs) for name, costs in callgrind.functions(part).items()}
        audit = functions.get(AUDIT, (0, 0))[1]
        rounds.append(callgrind.total(part) / commands - audit)
    return Counted(rounds, audit, functions)


def built_by(binary=BINARY):
    """The compiler and the flags of which instructions are the work, as it has written them into the debug information."""
    found = re.search(rb"GNU (?:C\+\+|GIMPLE)[^\0]*", pathlib.Path(binary).read_bytes())
    return found[0].decode() if found else ""


def record():
    return json.loads(RECORD.read_text(encoding="utf-8"))


def of_this_openssl(found, known):
    """Without what another OpenSSL than the record's has done a part of."""
    is_same = known.get("openssl") == ssl.OPENSSL_VERSION
    return {case.name: found[case.name] for case in CASES if case.name in found and (is_same or not case.tls)}


def grown(found, recorded):
    """What is wrong, one line for each case that needs more than it may."""
    return [f"{name}: {of.instructions:.0f} instructions per command, {of.instructions / recorded[name] - 1:+.1%} on the {recorded[name]} of {RECORD.name}"
            for name, of in found.items() if of.instructions > recorded[name] * (1 + MAY_GROW_BY)]


def shown(found, recorded):
    lines = ["| instructions per command | now | spread | recorded | change | audit's thread |", "|---|---|---|---|---|---|"]
    for name, of in found.items():
        before = recorded.get(name)
        change = f"{before} | {of.instructions / before - 1:+.1%}" if before else "– | –"
        spread = (max(of.rounds) - min(of.rounds)) / of.instructions
        lines.append(f"| {name} | {of.instructions:.0f} | {spread:.1%} | {change} | {of.audit:.0f} |")
    return "\n".join(lines)


def top(where, count=25):
    def rows(which):
        ranked = sorted(where.items(), key=lambda item: -item[1][which])[:count]
        return [f"{costs[0]:9.1f} {costs[1]:9.1f}  {short(name)}" for name, costs in ranked]
    head = "     self      with what it calls"
    return "\n".join(["Most by themselves:", head, *rows(0), "", "Most with what they call:", head, *rows(1)])


def short(name):
    """C++ without what is the same everywhere."""
    for long, brief in ((r"std::basic_string_view<char, std::char_traits<char> ?>", "string_view"), (r", std::allocator<[^<>]*>", ""),
                        (r"boost::asio::detail::|respgate::", ""), (r", 18446744073709551615ul", "")):
        name = re.sub(long, brief, name)
    return name if len(name) <= 150 else name[:149] + "…"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="these are the figures from now on")
    parser.add_argument("--top", action="append", default=[], choices=[case.name for case in CASES], help="where its instructions go")
    wanted = parser.parse_args()
    if not callgrind.is_there():
        sys.exit("valgrind is not installed: make bench-instructions installs it")
    found = counted()
    known = record() if RECORD.exists() else {"built_by": "", "instructions": {}}
    print(shown(found, known["instructions"]))
    if known["built_by"] not in ("", built_by()):
        print(f"\nNot to be compared: the record is of\n  {known['built_by']}\nand this is\n  {built_by()}")
    for name in wanted.top:
        print(f"\n## {name}\n\n{top(found[name].functions)}")
    if wanted.record:
        figures = {name: round(of.instructions) for name, of in found.items()}
        RECORD.write_text(json.dumps({"built_by": built_by(), "openssl": ssl.OPENSSL_VERSION, "instructions": figures}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
