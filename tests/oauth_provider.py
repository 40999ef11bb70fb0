"""An OAuth 2 provider: device sign-in (RFC 8628), renewal with rotation (RFC 6749), introspection for Dovecot (RFC 7662)."""

import base64
import contextlib
import hashlib
import itertools
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from gateway.demo.dovecot import Dovecot

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Provider:
    """Knows one user. ``approve`` is the person with the browser."""

    user: str
    port: int = 0
    expires_in: int = 3600
    interval: float = 0.01
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # by path, instead of the honest ones
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)  # device code: "pending", "approved", "denied"
    consents: dict[str, tuple[str, str]] = field(default_factory=dict)
    access: set[str] = field(default_factory=set)
    refresh: set[str] = field(default_factory=set)
    _count: Iterator[int] = field(default_factory=itertools.count)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def approve(self, word: str = "approved") -> bool:
        """Answer whoever waits; say whether anybody does."""
        waiting = [code for code, state in self.codes.items() if state == "pending"]
        self.codes.update(dict.fromkeys(waiting, word))
        return bool(waiting)

    def consent(self, address: str, *, error: str = "") -> str:
        """Do what the sign-in page does with a browser: return the address that it is sent back to."""
        said = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{next(self._count)}"
        self.consents[code] = (said["code_challenge"], said["redirect_uri"])
        brought = {"error": error} if error else {"code": code}
        return f"{said['redirect_uri']}?{urlencode({'state': said['state'], **brought})}"

    def revoke(self) -> None:
        """Take every access token back before its time."""
        self.access.clear()

    def answer(self, path: str, said: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append((path, said))
        if path in self.answers:
            return self.answers[path]
        status, body = getattr(self, f"_{path}")(said)
        return status, json.dumps(body).encode()

    def _device(self, said: dict[str, str]) -> tuple[int, dict[str, object]]:
        code = f"device-{next(self._count)}"
        self.codes[code] = "pending"
        return 200, {
            "device_code": code,
            "user_code": "WDJB-MJHT",
            "verification_uri": self.url("sign-in"),
            "interval": self.interval,
            "expires_in": 600,
        }

    def _token(self, said: dict[str, str]) -> tuple[int, dict[str, object]]:
        if said.get("grant_type") == _GRANT:
            state = self.codes.get(said["device_code"], "expired")
            errors = {
                "pending": "authorization_pending",
                "denied": "access_denied",
                "expired": "expired_token",
            }
            if state != "approved":
                return 400, {"error": errors[state], "error_description": "AADSTS70000: told by the provider"}
            return 200, self._tokens()
        if said.get("grant_type") == "authorization_code":
            digest = hashlib.sha256(said["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if self.consents.pop(said["code"], None) != (challenge, said["redirect_uri"]):
                return 400, {"error": "invalid_grant"}
            return 200, self._tokens()
        if said.get("refresh_token") not in self.refresh:
            return 400, {"error": "invalid_grant", "error_description": "AADSTS70008: the token has expired"}
        self.refresh.discard(said["refresh_token"])  # each is good once
        return 200, self._tokens()

    def _tokens(self) -> dict[str, object]:
        access, refresh = f"access-{next(self._count)}", f"refresh-{next(self._count)}"
        self.access.add(access)
        self.refresh.add(refresh)
        return {"access_token": access, "refresh_token": refresh, "expires_in": self.expires_in}

    def _introspect(self, said: dict[str, str]) -> tuple[int, dict[str, object]]:
        active = said.get("token") in self.access
        return 200, {"active": active, **({"username": self.user} if active else {})}


@contextlib.contextmanager
def provider(user: str) -> Iterator[Provider]:
    """Run a provider on a free loopback port until the block ends."""
    one = Provider(user)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            said = {name: values[0] for name, values in parse_qs(form).items()}
            status, body = one.answer(self.path.strip("/"), said)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    one.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class TokenDovecot(Dovecot):
    """A Dovecot (2.3) that takes tokens, and asks the provider about each."""

    provider: Provider
    mechanisms = "xoauth2 oauthbearer"

    def _prepare(self, program: str) -> None:
        super()._prepare(program)
        asks = self.folder / "oauth2.conf"
        asks.write_text(
            f"introspection_url = {self.provider.url('introspect')}\nintrospection_mode = post\n"
            "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
        )
        asks.chmod(0o644)
        with (self.folder / "dovecot.conf").open("a") as settings:
            settings.write(
                f"auth_mechanisms = plain login {self.mechanisms}\n"
                f"passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {asks}\n}}\n"
            )
