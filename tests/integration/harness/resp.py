"""RESP2 and RESP3 as typed values, and a client that writes bytes exactly as told.

Nothing here is lenient: a byte out of place raises Malformed, so that a test also
judges the framing of what it reads.
"""

import socket
import time

from harness.deadline import DEADLINE


class Malformed(Exception):
    """The peer sent something that is not RESP."""


class Closed(Exception):
    """The peer closed the connection; `rest` holds what came since the last whole reply."""

    def __init__(self, rest=b""):
        super().__init__(f"connection closed after {rest!r}")
        self.rest = rest


class Simple(bytes):
    """`+text`"""


class Error(bytes):
    """`-text`; bytes without the sign."""


class Bulk(bytes):
    """`$n`"""


class Verbatim(bytes):
    """`=n`, its three-letter format included."""


class Array(list):
    pass


class Push(list):
    pass


class Set(list):
    pass


class Map(list):
    """`%n` as a list of (key, value)."""

    def get(self, key):
        return next((value for name, value in self if name == key), None)


class Null:
    """`$-1`, `*-1` or `_`: equal to None, but remembers how it was written."""

    def __init__(self, wire):
        self.wire = wire

    def __eq__(self, other):
        return other is None or isinstance(other, Null)

    def __hash__(self):
        return hash(None)

    def __repr__(self):
        return f"Null({self.wire!r})"


class _Incomplete(Exception):
    """`missing` more bytes at least."""

    def __init__(self, missing=1):
        super().__init__(missing)
        self.missing = missing


def encode(*words):
    """One request in its canonical form."""
    out = [b"*%d\r\n" % len(words)]
    for word in words:
        word = to_bytes(word)
        out.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(out)


def to_bytes(word):
    return word if isinstance(word, bytes) else str(word).encode()


def parse(data, start=0):
    """(value, end) of the reply at `start`; raises _Incomplete or Malformed."""
    end_of_line = data.find(b"\r\n", start)
    if end_of_line < 0:
        if len(data) - start > 1 << 20:
            raise Malformed("a line without end")
        raise _Incomplete()
    kind, line = bytes(data[start:start + 1]), bytes(data[start + 1:end_of_line])
    after = end_of_line + 2
    if b"\n" in line or b"\r" in line:
        raise Malformed(f"control byte in line {line!r}")
    if kind in _LINES:
        return _LINES[kind](line), after
    if kind in _BULKS:
        return _parse_bulk(data, kind, line, after)
    if kind in _AGGREGATES:
        return _parse_aggregate(data, kind, line, after)
    raise Malformed(f"type byte {kind!r}")


def _parse_bulk(data, kind, line, after):
    size = int(line)
    if size == -1 and kind == b"$":
        return Null(b"$-1"), after
    if len(data) < after + size + 2:
        raise _Incomplete(after + size + 2 - len(data))
    if data[after + size:after + size + 2] != b"\r\n":
        raise Malformed(f"bulk of {size} without its CRLF")
    return _BULKS[kind](data[after:after + size]), after + size + 2


def _parse_aggregate(data, kind, line, after):
    count = int(line)
    if count == -1 and kind == b"*":
        return Null(b"*-1"), after
    if kind in (b"%", b"|"):
        pairs, after = _parse_many(data, 2 * count, after)
        if kind == b"|":  # an attribute belongs to the reply behind it
            return parse(data, after)
        return Map(zip(pairs[::2], pairs[1::2])), after
    items, after = _parse_many(data, count, after)
    return _AGGREGATES[kind](items), after


def _parse_many(data, count, after):
    items = []
    for _ in range(count):
        item, after = parse(data, after)
        items.append(item)
    return items, after


def _boolean(line):
    if line not in (b"t", b"f"):
        raise Malformed(f"boolean {line!r}")
    return line == b"t"


def _integer(line):
    try:
        return int(line)
    except ValueError as error:
        raise Malformed(f"integer {line!r}") from error


_LINES = {b"+": Simple, b"-": Error, b":": _integer, b",": float, b"#": _boolean, b"(": _integer,
          b"_": lambda line: Null(b"_")}
_BULKS = {b"$": Bulk, b"=": Verbatim, b"!": Error}
_AGGREGATES = {b"*": Array, b"~": Set, b">": Push, b"%": Map, b"|": Map}


def shape(value):
    """What a reply looks like with its words taken out: for comparing two servers' answers."""
    if isinstance(value, Map):
        return {bytes(key): shape(item) for key, item in value}
    if isinstance(value, Null):
        return value.wire
    if isinstance(value, (Simple, Error)):
        return (type(value).__name__, bytes(value))
    if isinstance(value, list):
        shapes = [shape(item) for item in value]
        same = all(item == shapes[0] for item in shapes[1:])
        return (type(value).__name__, shapes[:1] if same else shapes)
    return type(value).__name__


class Client:
    """One connection.  `address` is a path (unix socket) or a (host, port); `source` is the address it comes from, like 127.0.1.7;
    `receive_buffer` is what its kernel takes in advance, in bytes."""

    def __init__(self, address, timeout=DEADLINE, source=None, receive_buffer=None):
        self.timeout = timeout
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            if source:
                self.socket.bind((source, 0))
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise
        self._received = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def write(self, data):
        self.socket.sendall(data)

    def write_cut(self, data, cuts):
        """Writes `data` in pieces that end at the given offsets; each piece is a packet of its own."""
        edges = [0, *sorted(cuts), len(data)]
        for begin, end in zip(edges, edges[1:]):
            self.socket.sendall(data[begin:end])

    def send(self, *words):
        self.write(encode(*words))

    def call(self, *words):
        self.send(*words)
        return self.read()

    def pipeline(self, *commands):
        self.write(b"".join(encode(*words) for words in commands))
        return [self.read() for _ in commands]

    def login(self, user, password):
        reply = self.call("AUTH", user, password)
        if reply != b"OK":
            raise AssertionError(f"AUTH {user}: {reply!r}")
        return self

    def read(self, timeout=None):
        return self.read_with_wire(timeout)[0]

    def read_with_wire(self, timeout=None):
        """The next reply as (value, the bytes it was made of)."""
        deadline = time.monotonic() + (timeout or self.timeout)
        while True:
            try:
                value, end = parse(self._received)
            except _Incomplete as incomplete:
                self._receive(incomplete.missing, deadline)
                continue
            wire = bytes(self._received[:end])
            del self._received[:end]
            return value, wire

    def _receive(self, missing, deadline):
        while missing > 0:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                data = self.socket.recv(max(65536, missing))
            except ConnectionError as error:
                raise Closed(bytes(self._received)) from error
            if not data:
                raise Closed(bytes(self._received))
            self._received += data
            missing -= len(data)

    def read_until_closed(self):
        """Every reply that still comes; then the peer must close."""
        replies = []
        while True:
            try:
                replies.append(self.read())
            except Closed as closed:
                if closed.rest:
                    raise Malformed(f"closed within a reply: {closed.rest!r}") from closed
                return replies

    def has_more(self):
        """Is there anything to read right now, or received already and not asked for?"""
        if self._received:
            return True
        self.socket.settimeout(0)
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return False

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)
