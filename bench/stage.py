"""Whom `make bench` loads: a redis-server, respgate as people run it, and those beside it.  Each is started when it is first
wanted, all listen on loopback, and all have ended when the stage closes, whatever closes it."""

import contextlib
import dataclasses

import cases
import measure  # finds the harness
import peers

from harness.pki import Authority
from harness.processes import Directory, RedisServer, Respgate, free_port

PASSWORD = "app-secret"
LOGIN = ("app", PASSWORD)
PATTERNS = "orders:* carts:* users:* queue:* locks:* metrics:* flags:* cache:* sessions:* key:*".split()  # what is loaded comes last
LIMITED = " ".join(f"~{pattern}" for pattern in PATTERNS) + " +@all -@dangerous"
ADMIN = "user default off\nuser admin on >admin-secret ~* &* +@all\n"
USERS = f"{ADMIN}user app on >{PASSWORD} {LIMITED}\n"
RULES = [
    {"match": ["FLUSHALL", "FLUSHDB"], "users": ["admin"], "action": "rewrite", "to": ["FLUSHDB", "ASYNC"]},
    {"match": ["KEYS", "DEBUG", "FLUSHALL", "FLUSHDB"], "action": "deny", "message": "use the runbook"},
    {"match": ["CONFIG|SET"], "action": "observe"},
]


def ten_thousand_users():
    others = (f"user u{number} on >secret-{number} {LIMITED.replace('~', f'~u{number}:')}" for number in range(9_998))
    return USERS + "\n".join(others) + "\n"


def fill(server):
    """Every key that a GET may ask for, with the three bytes that the floor answers too."""
    with server.client() as client:
        for first in range(0, cases.KEYS, 1000):
            client.pipeline(*(("SET", f"key:{number:012}", "xxx") for number in range(first, first + 1000)))


@dataclasses.dataclass(frozen=True)
class Subject:
    name: str
    pid: int
    port: int
    login: tuple = ()     # user and password
    authority: str = ""   # of its certificate; empty: no TLS
    host: str = "127.0.0.1"


def peer(text):
    """`name=host:port,pid`, as --peer has it."""
    name, is_named, rest = text.partition("=")
    address, _, pid = rest.rpartition(",")
    host, _, port = address.rpartition(":")
    if not (name and is_named and host and port.isdigit() and pid.isdigit()):
        raise ValueError(f"--peer is name=host:port,pid; this is {text!r}")
    return Subject(name, int(pid), int(port), host=host)


class Stage(contextlib.ExitStack):
    def __init__(self, others=()):
        super().__init__()
        self.others = list(others)
        self._subjects, self._number = {}, 0
        self.directory = Directory()
        self.callback(self.directory.remove)
        try:
            self.authority = Authority(self.directory)
            self.certificate = self.authority.issue("node")
            tls_port = free_port()
            self.server = self._kept(RedisServer(self.directory, tcp=True, options=[
                "--tls-port", str(tls_port), "--tls-cert-file", self.certificate[0], "--tls-key-file", self.certificate[1],
                "--tls-ca-cert-file", self.authority.certificate, "--tls-auth-clients", "no", "--maxclients", str(peers.CONNECTIONS)]))
        except BaseException:
            self.close()
            raise
        self._tls_node = {"upstream": {"nodes": [f"127.0.0.1:{tls_port}"], "tls": {"ca_file": self.authority.certificate}}}

    def _kept(self, child):
        self.callback(child.stop)
        return child

    # Not Respgate.stop: it judges how the process left, and on Ctrl-C it is told twice.
    def gate(self, users=USERS, rules=RULES, tls=None, changes=None, upstream=None):
        self._number += 1
        listener = {"name": "main", "address": f"127.0.0.1:{free_port()}", "max_connections": peers.CONNECTIONS, **({"tls": tls} if tls else {})}
        gate = Respgate(self.directory, upstream or self.server, users, name=f"gate-{self._number}",
                        changes={"workers": 1, "listeners": [listener], "commands": {"rules": rules}, **(changes or {})})
        self.callback(peers.end, gate.process)
        gate.port = int(listener["address"].rpartition(":")[2])
        return gate

    @property
    def server_tls(self):
        return {"cert_file": self.certificate[0], "key_file": self.certificate[1]}

    def fresh(self, name):
        """A process of that name that nobody has used, with .process, .port and .stop(); None where its program is missing."""
        node = self.server.port
        makers = {
            cases.FLOOR: lambda: peers.Answerer("floor"),
            cases.TLS_FLOOR: lambda: peers.Answerer("floor", self.certificate),
            cases.GATE: self.gate,
            cases.OPEN: lambda: self.gate(f"{ADMIN}user app on >{PASSWORD} ~* &* +@all\n", rules=[]),
            cases.CROWD: lambda: self.gate(ten_thousand_users()),
            cases.TLS_GATE: lambda: self.gate(tls=self.server_tls),
            cases.TLS_BOTH: lambda: self.gate(tls=self.server_tls, changes=self._tls_node),
            cases.ONE_WORKER: lambda: self._gate_of_nothing(1),
            cases.TWO_WORKERS: lambda: self._gate_of_nothing(2),
            cases.HAPROXY: lambda: peers.haproxy(self.directory, node),
            cases.TLS_HAPROXY: lambda: peers.haproxy(self.directory, node, self.certificate, name="haproxy-tls"),
            cases.TWEMPROXY: lambda: peers.twemproxy(self.directory, node),
            cases.STUNNEL: lambda: peers.stunnel(self.directory, node, self.certificate),
        }
        if self.lacks(name):
            return None
        child = makers[name]()
        if not isinstance(child, Respgate):
            self._kept(child)
        return child

    @staticmethod
    def lacks(name):
        """The program that is missing for it, or None."""
        needed = {cases.HAPROXY: peers.HAPROXY, cases.TLS_HAPROXY: peers.HAPROXY, cases.TWEMPROXY: peers.TWEMPROXY, cases.STUNNEL: peers.STUNNEL}.get(name)
        return needed if needed and not peers.program(needed) else None

    def _gate_of_nothing(self, workers):
        nothing = self._kept(peers.Answerer("null"))
        return self.gate(upstream=f"127.0.0.1:{nothing.port}", changes={"workers": workers})

    def _subject(self, name):
        if name == cases.DIRECT:
            return Subject(name, self.server.process.pid, self.server.port)
        child = self.fresh(name)
        if child is None:
            return None
        return Subject(name, child.process.pid, child.port, login=LOGIN if isinstance(child, Respgate) else (),
                       authority=self.authority.certificate if name in cases.TLS else "")

    def subjects(self, case):
        """Those of the case that can be had here."""
        found = []
        for name in case.subjects:
            if name == cases.PEERS:
                found += self.others
                continue
            if name not in self._subjects:
                self._subjects[name] = self._subject(name)
            found += [self._subjects[name]] if self._subjects[name] else []
        return found
