"""What `make bench` measures: whom it loads with what, and the marks.  Data and names; nothing here runs anything."""

import dataclasses

KEYS = 100_000  # redis-benchmark's -r

# Whom: the names in the tables.
DIRECT, FLOOR, GATE = "redis-server, direct", "floor", "respgate"
OPEN, CROWD = "respgate, +@all ~*", "respgate, 10,000 users"
TWEMPROXY, HAPROXY = "nutcracker", "haproxy"
TLS_FLOOR, TLS_GATE, TLS_BOTH = "floor, TLS", "respgate, TLS", "respgate, TLS in and out"
TLS_HAPROXY, STUNNEL = "haproxy, TLS", "stunnel"
ONE_WORKER, TWO_WORKERS = "respgate, 1 worker", "respgate, 2 workers"
PEERS = "--peer"  # stands for all that were given so

PLAIN = (DIRECT, FLOOR, GATE, TWEMPROXY, HAPROXY, PEERS)
TLS = (TLS_FLOOR, TLS_GATE, TLS_BOTH, TLS_HAPROXY, STUNNEL)


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    title: str
    command: tuple  # redis-benchmark puts a number for __rand_int__; one client is the asker, which knows this one only
    subjects: tuple
    clients: int = 50
    pipeline: int = 1
    requests: float = 1  # times what --requests says
    compared: str = GATE  # whose figures the others' are set beside


GET = ("GET", "key:__rand_int__")
CASES = [
    Case("get", "GET, 50 clients", GET, PLAIN),
    Case("get-16", "GET, 50 clients, pipelines of 16", GET, (*PLAIN, OPEN, CROWD), pipeline=16, requests=8),
    Case("set-1k", "SET of 1 KiB, 50 clients", ("SET", "cache:__rand_int__", "x" * 1024), PLAIN),
    Case("set-16", "SET of 64 bytes, 50 clients, pipelines of 16", ("SET", "sessions:__rand_int__", "x" * 64), PLAIN, pipeline=16, requests=8),
    Case("get-500", "GET, 500 clients", GET, PLAIN, clients=500),
    Case("one", "GET, one client", GET, PLAIN, clients=1, requests=0.25),
    Case("tls", "GET over TLS, 50 clients", GET, TLS, compared=TLS_GATE),
    Case("tls-16", "GET over TLS, 50 clients, pipelines of 16", GET, TLS, pipeline=16, requests=8, compared=TLS_GATE),
    Case("workers", "GET, 50 clients, pipelines of 16, from a server that holds nothing", GET, (ONE_WORKER, TWO_WORKERS),
         pipeline=16, requests=8, compared=ONE_WORKER),
]
IDLE = "idle"  # the part that counts memory
PARTS = [IDLE, *(case.name for case in CASES)]


@dataclasses.dataclass(frozen=True)
class Mark:
    """A bound on a figure of `of` in a case, divided, within each round, by the same of `to`; or on what IDLE found.  Without a bound
    it is only reported."""

    text: str
    case: str
    figure: str  # cpu, rps, p50; of IDLE: connection (KiB), resident (MiB)
    of: str = GATE
    to: str = None
    at_most: float = None
    at_least: float = None
    goal: float = None
    widest: float = 0.25  # how far rounds may lie apart, as a part of the median, for anything to be concluded

    @property
    def is_bound(self):
        return self.at_most is not None or self.at_least is not None

    def keeps(self, value):
        return value <= self.at_most if self.at_most is not None else value >= self.at_least


# What cannot be told from nothing on the machines this is run on.
MEASURABLE = 1.02

MARKS = [
    Mark("GET: CPU ÷ floor", "get", "cpu", to=FLOOR, at_most=1.15, goal=1.08),
    Mark("GET, pipelines of 16: CPU ÷ floor", "get-16", "cpu", to=FLOOR, at_most=1.9, goal=1.5),
    Mark("SET of 1 KiB: CPU ÷ nutcracker", "set-1k", "cpu", to=TWEMPROXY, at_most=0.65),
    Mark("GET, 500 clients: CPU ÷ floor", "get-500", "cpu", to=FLOOR, at_most=1.15),
    Mark("TLS in: CPU ÷ TLS floor", "tls", "cpu", TLS_GATE, TLS_FLOOR, at_most=1.2),
    Mark("TLS in: CPU ÷ haproxy", "tls", "cpu", TLS_GATE, TLS_HAPROXY, at_most=0.6),
    Mark("TLS in, pipelines of 16: CPU ÷ haproxy", "tls-16", "cpu", TLS_GATE, TLS_HAPROXY, at_most=0.8),
    Mark("TLS in and out: CPU ÷ haproxy, TLS in only", "tls", "cpu", TLS_BOTH, TLS_HAPROXY, at_most=0.75),
    Mark("GET: throughput ÷ direct", "get", "rps", to=DIRECT, at_least=1.05),
    Mark("GET, one client: p50 ÷ haproxy", "one", "p50", to=HAPROXY, at_most=1.0),
    Mark("the ACL (ten patterns, rules): CPU ÷ `+@all ~*`, pipelines of 16", "get-16", "cpu", to=OPEN, at_most=1.05, widest=0.1),
    Mark("one user more, among 10,000: CPU ÷ that of two, pipelines of 16", "get-16", "cpu", CROWD, GATE, at_most=MEASURABLE, widest=0.1),
    Mark("2 workers ÷ 1, throughput from a server that holds nothing", "workers", "rps", TWO_WORKERS, ONE_WORKER),
    Mark("memory of an idle connection, KiB", IDLE, "connection", at_most=2.5),
    Mark("memory of an idle connection over TLS, KiB", IDLE, "connection", TLS_GATE, at_most=15.5, goal=14),
    Mark("resident size of the idle process, MiB", IDLE, "resident", at_most=12),
]
