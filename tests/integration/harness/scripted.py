"""A fake server that is honest until its script says otherwise.

An honest answer is a function of the request alone (`honest_reply`), so that any reader can tell whether a reply
belongs to the request it was given for.
"""

import os
import socket
import threading
import zlib

from harness.resp import Malformed, _Incomplete, encode, parse


def honest_value(key):
    return b"value-of:" + key


def honest_number(key):
    return zlib.crc32(key)


def bulk(data):
    return b"$%d\r\n%s\r\n" % (len(data), data)


def honest_reply(words, resp3=False):
    """What an honest server answers; None for a command it does not know."""
    name = words[0].upper()
    if name == b"GET":
        return bulk(honest_value(words[1]))
    if name == b"INCR":
        return b":%d\r\n" % honest_number(words[1])
    if name in (b"MGET", b"LRANGE"):
        keys = words[1:] if name == b"MGET" else words[1:2]
        return b"*%d\r\n" % len(keys) + b"".join(bulk(honest_value(key)) for key in keys)
    if name in (b"SET", b"AUTH", b"SELECT", b"CLIENT", b"READONLY"):
        return b"+OK\r\n"
    if name == b"PING":
        return b"+PONG\r\n"
    if name == b"ECHO":
        return bulk(words[1])
    if name == b"HELLO":
        fields = encode("server", "redis", "version", "7.0.15", "proto").split(b"\r\n", 1)[1]
        return (b"%3\r\n" if resp3 else b"*6\r\n") + fields + (b":3\r\n" if resp3 else b":2\r\n")
    return None


class Connection:
    """One accepted connection, as a script sees it."""

    def __init__(self, sock):
        self.socket = sock
        self.resp3 = False
        self.requests = 0  # other than those of the greeting

    def write(self, data):
        self.socket.sendall(data)

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def answer_honestly(self, words):
        if words[0].upper() == b"HELLO" and len(words) > 1:
            self.resp3 = words[1] == b"3"
        self.write(honest_reply(words, self.resp3) or b"-ERR unknown command\r\n")


class ScriptedServer:
    """`on_accept(connection)` and `on_request(connection, words)` return True when they have dealt with it."""

    GREETING = (b"HELLO", b"AUTH", b"SELECT", b"CLIENT", b"PING", b"INFO", b"COMMAND", b"READONLY")

    def __init__(self, directory, name="scripted"):
        self.path = str(directory / f"{name}.sock")
        self.node = f"unix:{self.path}"
        self.on_accept = self.on_greeting = self.on_request = lambda *_: False
        self.connections = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        self._listener.listen(128)
        self._threads = [threading.Thread(target=self._accept_all, daemon=True)]
        self._threads[0].start()

    def behave(self):
        """Honest again, for connections to come and those that are there."""
        self.on_accept = self.on_greeting = self.on_request = lambda *_: False

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self.connections):
            connection.close()
        for thread in self._threads:
            thread.join(10)
        os.unlink(self.path)

    def _accept_all(self):
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            connection = Connection(accepted)
            self.connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection):
        received = bytearray()
        try:
            if self.on_accept(connection):
                return
            while True:
                data = connection.socket.recv(65536)
                if not data:
                    return
                received += data
                self._serve_whole_requests(connection, received)
        except (OSError, Malformed):
            pass
        finally:
            connection.close()
            connection.socket.close()

    def _serve_whole_requests(self, connection, received):
        position = 0
        while position < len(received):
            try:
                words, position = parse(received, position)
            except _Incomplete:
                break
            greeting = words[0].upper() in self.GREETING
            connection.requests += not greeting
            script = self.on_greeting if greeting else self.on_request
            if not script(connection, words):
                connection.answer_honestly(words)
        del received[:position]
