"""AWS as far as a proxy meets it: a container's credentials endpoint on loopback, ElastiCache's tokens, and a
redis-server that takes them.

The signing here is written a second time, from AWS's description, so that the test does not believe the proxy's own.
"""

import datetime
import hashlib
import hmac
import http.server
import json
import threading
import time
from urllib.parse import quote

from harness.processes import RedisServer

REGION = "us-east-1"


def _mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def token(cache, user, key, at, serverless=False, region=REGION):
    """The password that `key` (its id, secret and session token) makes at the Unix time `at`."""
    key_id, secret, session = key
    when = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{when[:8]}/{region}/elasticache/aws4_request"
    fields = {"Action": "connect", "User": user, "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{key_id}/{scope}",
              "X-Amz-Date": when, "X-Amz-Expires": "900", "X-Amz-SignedHeaders": "host"}
    if serverless:
        fields["ResourceType"] = "ServerlessCache"
    if session:
        fields["X-Amz-Security-Token"] = session
    query = "&".join(f"{quote(name, safe='-_.~')}={quote(fields[name], safe='-_.~')}" for name in sorted(fields))
    request = "\n".join(["GET", "/", query, f"host:{cache}", "", "host", hashlib.sha256(b"").hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", when, scope, hashlib.sha256(request.encode()).hexdigest()])
    signing = ("AWS4" + secret).encode()
    for part in (when[:8], region, "elasticache", "aws4_request"):
        signing = _mac(signing, part)
    return f"{cache}/?{query}&X-Amz-Signature={_mac(signing, text).hex()}"


class Container:
    """Hands out `key` at a loopback address; nothing but errors while `key` is None."""

    def __init__(self, key=None, life=6 * 3600):
        self.key, self.life, self.asked = key, life, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                body = outer._body()
                self.send_response(500 if body is None else 200)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def _body(self):
        if self.key is None:
            return None
        key_id, secret, session = self.key
        expires = datetime.datetime.fromtimestamp(time.time() + self.life, datetime.timezone.utc)
        return json.dumps({"AccessKeyId": key_id, "SecretAccessKey": secret, "Token": session,
                           "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode()

    @property
    def environment(self):
        """For a respgate that finds this and nothing else of AWS's."""
        return {**NO_AWS, "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{self._server.server_port}/v1/credentials"}

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


# Whoever runs the tests may have AWS's variables and files.
NO_AWS = {**{name: "" for name in (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")},
    "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}


class IamServer(RedisServer):
    """A redis-server whose user `user` can only log in with a token that `key` made within the last seconds.

    A real server cannot check a signature, so its user is given the tokens of these seconds as passwords, and no others,
    several times a second.
    """

    def __init__(self, directory, cache, user, key, **rest):
        self.cache, self.user, self.key = cache, user, key
        self._ended = threading.Event()
        self._turn = threading.Lock()
        self._thread = None
        super().__init__(directory, **rest)
        with self.client() as client:
            assert client.call("ACL", "SETUSER", user, "on", "~*", "&*", "+@all") == b"OK"
        self.accept()
        self._thread = threading.Thread(target=self._go_on_accepting)
        self._thread.start()

    def accept(self, key=None):
        """From now on only tokens of `key`; older ones are worth nothing."""
        with self._turn:
            self.key = key or self.key
            if self.process.poll() is None:
                self._set_passwords()

    def _set_passwords(self):
        now = int(time.time())
        tokens = [token(self.cache, self.user, self.key, at) for at in range(now - 3, now + 3)]
        with self.client() as client:
            reply = client.call("ACL", "SETUSER", self.user, "resetpass", *(f">{word}" for word in tokens))
            assert reply == b"OK", reply

    def _go_on_accepting(self):
        while not self._ended.wait(0.3):
            self.accept()

    def connections(self):
        """Ids of the connections that are logged in as the user."""
        with self.client() as client:
            lines = client.call("CLIENT", "LIST").decode().splitlines()
        fields = [dict(word.split("=", 1) for word in line.split(" ") if "=" in word) for line in lines]
        return {int(one["id"]) for one in fields if one["user"] == self.user}

    def logins(self):
        """How many AUTH it has answered, and how many of them failed."""
        with self.client() as client:
            text = client.call("INFO", "commandstats").decode()
        for line in text.splitlines():
            if line.startswith("cmdstat_auth:"):
                values = dict(part.split("=") for part in line.split(":", 1)[1].split(","))
                return int(values["calls"]), int(values["failed_calls"])
        return 0, 0

    def stop(self):
        self._ended.set()
        if self._thread:
            self._thread.join()
        super().stop()
