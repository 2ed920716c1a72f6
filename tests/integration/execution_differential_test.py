#!/usr/bin/env python3
"""Random commands of random users, executed through the proxy and on a second, identical server: equal byte for byte.

The second server loads the same users.acl and is spoken to as the same user.  Both data sets start alike and stay
alike as long as the verdicts do.  Where the proxy differs on purpose, the difference belongs to a named class
(DIFFERENCES); a difference of no class fails.  RESPGATE_DIFFERENTIAL_COMMANDS and _SEED change how many and which.
"""

import collections
import os
import random
import unittest

from harness.cases import GateCase
from harness.processes import RedisServer
from harness.resp import Bulk, Closed, Error, Simple, Verbatim, shape

COMMANDS = int(os.environ.get("RESPGATE_DIFFERENTIAL_COMMANDS", "12000"))
SEED = int(os.environ.get("RESPGATE_DIFFERENTIAL_SEED", "20250917"))

USERS = """\
user default off
user root on >root-secret ~* &* +@all
user tenant on >tenant-secret ~a:* &a:* +@all -@dangerous
user reader on >reader-secret %R~* &* +@read +@pubsub +@connection
user writer on >writer-secret %W~a:* %R~b:* resetchannels +@write +@read +@keyspace
user twofold on >twofold-secret ~a:* +@read +@connection (~b:* +@write +@string) (%R~c:* &c:* +@all)
user words on >words-secret ~a:* &* +get +set +config|get +object|encoding +xinfo|stream +client|getname +select|0 +sort +copy +acl|whoami
user keyless on >keyless-secret &* +@all
user nothing on >nothing-secret
user strange on >strange-secret ~a:[sl]* ~?:hash %W~*:zset &a? +@all -@scripting
"""

# Never sent: they would end, stall or rewire a server, or turn the connection into something else.
NEVER = {"shutdown", "debug", "replicaof", "slaveof", "failover", "sync", "psync", "replconf", "monitor", "migrate", "save", "bgsave",
         "bgrewriteaof", "module", "subscribe", "psubscribe", "ssubscribe", "client|reply", "client|pause", "client|unpause", "client|kill",
         "client|no-evict", "client|unblock", "client|tracking", "client|caching", "auth", "hello", "reset", "quit", "multi", "exec",
         "discard", "watch", "unwatch", "config|set", "config|rewrite", "config|resetstat", "wait", "pfselftest", "pfdebug", "cluster",
         "acl|setuser", "acl|deluser", "acl|load", "acl|save", "acl|log", "script|debug", "script|kill", "select", "swapdb", "flushall",
         "flushdb", "latency", "memory|purge", "slowlog", "function", "eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro",
         "unsubscribe", "punsubscribe", "sunsubscribe", "blpop", "brpop", "blmove", "brpoplpush", "blmpop", "bzpopmin", "bzpopmax",
         "bzmpop", "xread", "xreadgroup", "restore", "restore-asking", "script|load", "script|flush", "script|exists"}
# Answers that depend on chance, time or the process: only their kind is compared.
VARYING = {"randomkey", "spop", "srandmember", "hrandfield", "zrandmember", "time", "info", "lolwut", "object|freq", "object|idletime",
           "lastsave", "memory|stats", "memory|doctor", "memory|usage", "memory|malloc-stats", "role", "scan", "sscan", "hscan", "zscan",
           "keys", "dump", "config|get", "command", "command|docs", "command|info", "command|list", "command|count", "xinfo|stream",
           "xinfo|groups", "xinfo|consumers", "xpending", "client|id", "client|info", "client|list", "acl|list", "acl|getuser", "acl|cat",
           "acl|genpass", "client|trackinginfo", "client|getredir", "pubsub|channels", "smembers", "sdiff", "sinter", "sunion", "hgetall",
           "hkeys", "hvals", "object|encoding", "sort_ro", "sort", "touch", "expiretime", "pexpiretime", "ttl", "pttl", "xadd", "psync"}

DIFFERENCES = {
    "protected": "the server says that DEBUG and MODULE are switched off before it looks at the ACL; the proxy looks at the ACL first",
    "stricter": "the proxy refuses arguments that the server's ACL and its commands read differently (NUL in an option, odd numkeys, "
                "two STORE), or keys the server's ACL overlooks",
    "unavailable": "the proxy does not pass commands that need a connection of their own or act on the connection itself",
    "own view": "commands about the proxy's own clients and policy are answered by the proxy",
}

KEYS = [f"{prefix}:{kind}" for prefix in "abc" for kind in ("str", "num", "list", "hash", "set", "zset", "stream", "geo", "none")]
WORDS = ["GET", "SET", "STORE", "STOREDIST", "BY", "LIMIT", "WITHSCORES", "COUNT", "NX", "XX", "EX", "PX", "KEEPTTL", "REPLACE", "DB",
         "ASC", "DESC", "ALPHA", "nosort", "AGGREGATE", "SUM", "WEIGHTS", "LEFT", "RIGHT", "BEFORE", "AFTER", "MATCH", "IDLE", "MAXLEN",
         "~", "*", "#", "$", "-", "+", "(1", "[a", "-inf", "+inf", "m", "km", "u8", "i16", "OVERFLOW", "SAT", "INCRBY", "BYSCORE", "REV",
         "FROMMEMBER", "FROMLONLAT", "BYRADIUS", "BYBOX", "WITHCOORD", "ANY", "AND", "OR", "XOR", "NOT", "BIT", "BYTE", "maxmemory",
         "reader", "member", "field", "value", "", "x" * 200]
NUMBERS = ["0", "1", "2", "3", "-1", "10", "100", "1.5", "01", "+1", " 1", "1x", "4294967297", "9223372036854775808", "-0"]
ODD = [b"GET\0zz", b"STORE\0x", b"a:str\0x", b"\r\n", b"\xff\xfe", b"*1\r\n$4\r\nPING\r\n"]

SEEDS = [("FLUSHALL",)] + [words for prefix in "abc" for words in (
    ("SET", f"{prefix}:str", f"text of {prefix}"), ("SET", f"{prefix}:num", "10"), ("RPUSH", f"{prefix}:list", "3", "1", "2"),
    ("HSET", f"{prefix}:hash", "field", "value", "n", "1"), ("SADD", f"{prefix}:set", "member", "1", "2"),
    ("ZADD", f"{prefix}:zset", "1", "member", "2", "other"), ("XADD", f"{prefix}:stream", "1-1", "field", "value"),
    ("GEOADD", f"{prefix}:geo", "0", "0", "member", "0.001", "0", "other"))]

# Commands whose grammar chance would hardly hit.
TEMPLATES = [
    "SORT {k} BY nosort STORE {k}", "SORT {k} LIMIT 0 {n} ALPHA", "SORT {k} GET #", "SORT {k} STORE get STORE {k}", "SORT_RO {k} ALPHA",
    "GEORADIUS {k} 0 0 10 m STORE {k}", "GEORADIUS {k} 0 0 10 m STORE {k} STORE {k}", "GEORADIUSBYMEMBER {k} member 10 km STOREDIST {k}",
    "GEOSEARCH {k} FROMMEMBER member BYRADIUS 10 km", "GEOSEARCHSTORE {k} {k} FROMLONLAT 0 0 BYBOX 10 10 km ASC",
    "ZUNIONSTORE {k} 2 {k} {k} AGGREGATE SUM", "ZINTERSTORE {k} {n} {k} {k}", "ZDIFFSTORE {k} 2 {k} {k}", "ZUNION 2 {k} {k} WITHSCORES",
    "ZINTERCARD {n} {k} {k}", "SINTERCARD {n} {k} {k} LIMIT 1", "LMPOP {n} {k} {k} LEFT", "ZMPOP {n} {k} {k} MIN COUNT 2",
    "COPY {k} {k} REPLACE", "COPY {k} {k} DB {n}", "MOVE {k} {n}", "SET {k} {w} GET", "SET {k} {w} EX 100 GET", "SET {k} {w} NX",
    "GETEX {k} PERSIST", "BITFIELD {k} GET u8 0", "BITFIELD {k} SET u8 0 7 GET u8 0", "BITFIELD {k} INCRBY u8 0 1 OVERFLOW SAT",
    "BITFIELD_RO {k} GET u8 0", "BITOP AND {k} {k} {k}", "MSET {k} x {k} y", "MSETNX {k} x {k} y", "MGET {k} {k} {k}", "RENAME {k} {k}",
    "SMOVE {k} {k} member", "LMOVE {k} {k} LEFT RIGHT", "RPOPLPUSH {k} {k}", "SDIFFSTORE {k} {k} {k}", "PFMERGE {k} {k}",
    "XGROUP CREATE {k} readers 0", "XINFO STREAM {k}", "XRANGE {k} - +", "XADD {k} 9-{n} f v", "PUBLISH {k} x", "SPUBLISH {k} x",
    "PUBSUB CHANNELS *", "PUBSUB NUMSUB {k}", "OBJECT ENCODING {k}", "OBJECT REFCOUNT {k}", "CONFIG GET maxmemory", "SELECT 0",
    "DEBUG OBJECT {k}", "MODULE LOAD /nosuch", "{w} {k} {k}", "nosuch{n} {k} {w}", "CONFIG NOSUCH {w}", "XINFO NOSUCH {k}",
    "GET", "GET {k} {k}",
]


class ExecutionDifferentialTest(GateCase):
    users = USERS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alone = RedisServer(cls.directory, "alone", users=cls.users)
        cls.addClassCleanup(cls.alone.stop)

    def setUp(self):
        self.random = random.Random(SEED)
        self.classes = collections.Counter()
        self.roots = [self.connect_upstream(), self.alone.client().login("root", "root-secret")]
        self.addCleanup(self.roots[1].close)
        self.reseed()

    def reseed(self):
        for root in self.roots:
            for words, reply in zip(SEEDS, root.pipeline(*SEEDS)):
                self.assertNotIsInstance(reply, Error, words)

    def test_random_commands_of_random_users_are_answered_alike(self):
        names = self.command_names()
        verdicts, seen = collections.Counter(), set()
        users = [line.split()[1] for line in USERS.splitlines()[1:]]
        for version in ("2", "3"):
            pairs = {user: self.log_in(user, version) for user in users}
            for turn in range(COMMANDS // 2):
                if turn % 100 == 0:
                    self.reseed()
                user = self.random.choice(users)
                name, words = self.random_command(names)
                proxied, expected = (self.answer(client, words) for client in pairs[user])
                seen.add(name)
                verdicts[self.kind(expected)] += 1
                self.judge(user, name, words, proxied, expected)
        print(f"\n{COMMANDS} commands of {len(seen)} names, seed {SEED}: {dict(verdicts)}; on purpose: {dict(self.classes)}")
        self.assertGreater(verdicts["denied"], COMMANDS // 20)
        self.assertGreater(verdicts["done"], COMMANDS // 20)
        for root in self.roots:
            self.assertEqual(root.call("PING"), b"PONG")

    def log_in(self, user, version):
        pair = (self.connect(), self.alone.client())
        self.addCleanup(pair[1].close)
        for client in pair:
            self.assertNotIsInstance(client.call("HELLO", version, "AUTH", user, f"{user}-secret"), Error)
        return pair

    def command_names(self):
        """(full name, arity) of all that may be sent, from the server's own list."""
        names = []
        for entry in self.roots[1].call("COMMAND"):
            subcommands = entry[9] or [entry]
            names += [(sub[0].decode(), sub[1]) for sub in subcommands]
        return [(name, arity) for name, arity in names
                if name not in NEVER and name.split("|")[0] not in NEVER and not name.endswith("|help")]

    def random_command(self, names):
        if self.random.random() < 0.4:
            words = [part.format(k=self.random.choice(KEYS), w=self.random.choice(WORDS[:40]), n=self.random.choice(NUMBERS))
                     for part in self.random.choice(TEMPLATES).split(" ")]
            words = [word for word in words if word] or ["x"]
            name = words[0].lower()
            full = f"{name}|{words[1].lower()}" if len(words) > 1 and name in ("object", "xinfo", "xgroup", "config", "pubsub") else name
            return full, words
        name, arity = self.random.choice(names)
        words = name.upper().split("|") if self.random.random() < 0.8 else name.split("|")
        fewest = max(abs(arity) - len(words), 0)
        extra = 0 if arity > 0 else self.random.choice([0, 0, 1, 2, 3, 5])
        if self.random.random() < 0.05:
            extra += self.random.choice([-1, 1])
        for position in range(max(fewest + extra, 0)):
            words.append(self.random_argument(position))
        return name, words

    def random_argument(self, position):
        chance = self.random.random()
        if chance < (0.8 if position == 0 else 0.35):
            return self.random.choice(KEYS)
        if chance < 0.65:
            return self.random.choice(NUMBERS)
        return self.random.choice(ODD) if chance > 0.97 else self.random.choice(WORDS)

    @staticmethod
    def answer(client, words):
        client.send(*words)
        try:
            return client.read_with_wire()
        except Closed as closed:
            raise AssertionError(f"{words}: {closed}") from closed

    @staticmethod
    def kind(answer):
        value = answer[0]
        if not isinstance(value, Error):
            return "done"
        return "denied" if value.startswith(b"NOPERM") else "failed"

    def judge(self, user, name, words, proxied, expected):
        if proxied[1] == expected[1]:
            return
        both_done = self.kind(proxied) == self.kind(expected) == "done"
        if both_done and name.split("|")[0] in {varying.split("|")[0] for varying in VARYING}:
            self.assertEqual(self.top_shape(proxied[0]), self.top_shape(expected[0]), f"{user}: {words}")
            return
        difference = self.difference(name, proxied[0], expected[0])
        self.assertIsNotNone(difference, f"{user}: {words}\nproxy:  {proxied[1][:300]}\nserver: {expected[1][:300]}")
        self.classes[difference] += 1
        self.reseed()

    @staticmethod
    def top_shape(value):
        return type(value).__name__ if isinstance(value, (list, Bulk, Simple, Verbatim)) else shape(value)

    @staticmethod
    def difference(name, proxied, expected):
        """The class of a deliberate difference, or None."""
        if isinstance(expected, Error) and b"command not allowed. If the enable-" in expected:
            return "protected" if proxied.startswith((b"NOPERM", b"ERR respgate: '")) else None
        if not isinstance(proxied, Error):
            return None  # the proxy let pass what the server did not: never on purpose
        if proxied.startswith(b"ERR respgate: '"):
            return "unavailable"
        if name.split("|")[0] in ("acl", "client", "command") and not proxied.startswith((b"NOPERM", b"ERR unknown", b"ERR wrong number")):
            return "own view"
        # The server would have run it, or refused it for a reason that only running it shows.
        would_run = not isinstance(expected, Error) or not expected.startswith((b"NOPERM", b"ERR unknown", b"ERR wrong number"))
        return "stricter" if would_run else None


if __name__ == "__main__":
    unittest.main()
