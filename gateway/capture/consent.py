"""Signing in with a browser that comes back to this machine (RFC 8252), for providers that offer no sign-in by device.

Whoever intercepts the way back has a code without the secret that goes with it (PKCE, RFC 7636).
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlencode

from gateway.capture.oauth import Client, SignInNeeded, Token, redeem
from gateway.clock import Clock
from gateway.relay.reply import one_line

_PATIENCE_S = 600.0
_BACK = b"<!doctype html><title>Docket</title><p>Signed in. You may close this page and go back to the command line."


@dataclass
class Consent:
    """One sign-in: open ``url`` in a browser, then ``wait`` for it to come back, or ``read`` the address it ended at."""

    client: Client
    clock: Clock
    _verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    _state: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def __enter__(self) -> Self:
        self._server = _Listener()
        self._back = f"http://127.0.0.1:{self._server.server_port}/"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.server_close()

    @property
    def url(self) -> str:
        digest = hashlib.sha256(self._verifier.encode()).digest()
        fields = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self._back,
            "scope": self.client.scope,
            "state": self._state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.client.auth_url}{'&' if '?' in self.client.auth_url else '?'}{urlencode(fields)}"

    def wait(self) -> Token:
        """Wait for the browser; raises SignInNeeded where it brings no code, or nobody comes."""
        self._server.timeout = _PATIENCE_S
        self._server.came = ""
        while not self._server.came:
            self._server.handle_request()
            if self._server.is_over:
                raise SignInNeeded("nobody signed in within ten minutes; run it again")
        return self.read(self._server.came)

    def read(self, address: str) -> Token:
        """Take the code out of the address that a browser ended at, and redeem it."""
        said = {name: values[0] for name, values in parse_qs(address.strip().partition("?")[2]).items()}
        if said.get("state") != self._state:
            raise SignInNeeded("this is not where the browser ended after this sign-in; run it again")
        if "code" not in said:
            raise SignInNeeded(
                f"the sign-in ended without a code: {one_line(said.get('error', 'no reason given'))[:60]}"
            )
        return redeem(self.client, said["code"], self._verifier, self._back, self.clock)


class _Listener(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.came, self.is_over = "", False

    def handle_timeout(self) -> None:
        self.is_over = True


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    timeout = 10.0

    def do_GET(self) -> None:
        if "state=" in self.path:  # browsers ask for an icon too
            self.server.came = self.path
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(_BACK)))
        self.end_headers()
        self.wfile.write(_BACK)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: the address holds a code."""
