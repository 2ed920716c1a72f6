"""Connections of a crowd: many at once, driven by one event loop, each judging what it hears."""

import asyncio

from harness.deadline import DEADLINE
from harness.resp import Error, Malformed, Null, Push, encode, parse, _Incomplete

# What the proxy says while the server is away, or was in between.
OUTAGE = (b"ERR respgate: upstream unavailable", b"ERR respgate: upstream connection lost, outcome unknown",
          b"ERR respgate: upstream busy", b"LOADING Redis is loading the dataset in memory")


class Gone(Exception):
    """The peer closed the connection."""


class Peer:
    """One connection.  Pushes are set aside in `pushes`; everything else is a reply to what was asked, in order."""

    def __init__(self, reader, writer, resp):
        self.reader, self.writer, self.resp = reader, writer, resp
        self.pushes = []
        self._received = bytearray()

    @classmethod
    async def open(cls, path, user, resp):
        reader, writer = await asyncio.open_unix_connection(path, limit=1 << 24)
        self = cls(reader, writer, resp)
        try:
            hello = await self.call("HELLO", resp, "AUTH", user, f"{user}-secret")
        except Gone:
            self.vanish()
            raise
        assert not isinstance(hello, Error), hello
        return self

    def send(self, *commands):
        try:
            self.writer.write(b"".join(encode(*words) for words in commands))
        except (ConnectionError, RuntimeError) as error:
            raise Gone from error

    async def call(self, *words):
        self.send(words)
        return await self.read()

    async def pipeline(self, *commands):
        self.send(*commands)
        return [await self.read() for _ in commands]

    async def read(self):
        """The next reply."""
        while True:
            value = await self.read_any()
            if not isinstance(value, Push):
                return value
            self.pushes.append(value)

    async def read_any(self):
        """The next frame, push or reply."""
        while True:
            try:
                value, end = parse(self._received)
            except _Incomplete:
                try:
                    data = await asyncio.wait_for(self.reader.read(65536), DEADLINE)
                except ConnectionError as error:
                    raise Gone from error
                if not data:
                    if self._received:
                        raise Malformed(f"closed within a reply: {bytes(self._received)!r}")
                    raise Gone from None
                self._received += data
                continue
            del self._received[:end]
            return value

    def vanish(self):
        self.writer.transport.abort()

    async def close(self):
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass


def text(value):
    """A value as text; None for a null."""
    return None if isinstance(value, Null) else bytes(value).decode()
