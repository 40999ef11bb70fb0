"""Logging in at an identity provider: OpenID Connect Core 1.0, the code flow with PKCE (RFC 7636), and nothing else of it.

What the provider says of somebody is believed by its signature (joserfc checks it), its issuer, its audience, its time and
the nonce that this very login was begun with. Blocking; pages call it in a thread.
"""

import base64
import hashlib
import http.client
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from urllib.parse import quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gateway.clock import Clock
from gateway.door.address import is_safe
from gateway.errors import Temporary, WrongUse

_ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA", "RS384", "RS512", "ES384", "ES512"]
_MOST = 1 << 20  # bytes of an answer
_TIMEOUT_S = 5.0
_KEPT = timedelta(hours=1)  # how long the provider's description is believed
_LEEWAY_S = 120
_PATIENCE_S = 2.0  # for another request that asks the same
_PAUSE_S = 20.0  # after it has not answered
# What comes of an answer that breaks off, and of one that is whole and odd.
_BROKEN = (OSError, ValueError, RecursionError, http.client.HTTPException)
_ODD = (JoseError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError)


class NotThem(WrongUse):
    """The provider's answer says nothing that can be believed; the text is for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A login that was begun: where the browser is sent, and what must come back."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the provider says it is: ``subject`` is for ever theirs, ``name`` what the claim says that people are called by here."""

    issuer: str
    subject: str
    name: str


@dataclass(slots=True, kw_only=True)
class Provider:
    """One identity provider; ``title`` is what its button says. Safe in threads."""

    title: str
    issuer: str
    client_id: str
    client_secret: Callable[[], str]
    claim: str
    clock: Clock
    only: bool = False  # there is no other way in
    _known: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _again_at: float = 0.0

    def begin(self, back: str) -> Started:
        """Return a new login that comes back to the address ``back``. Raises Temporary where the provider does not answer."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": back,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        where = str(self._described()["authorization_endpoint"])
        url = f"{where}{'&' if urlsplit(where).query else '?'}{urlencode(asked)}"
        return Started(url=url, state=state, nonce=nonce, verifier=verifier)

    def finish(self, code: str, nonce: str, verifier: str, back: str) -> Identity:
        """Return who logged in. Raises NotThem, and Temporary where the provider does not answer."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        # RFC 6749 section 2.3.1: both are form-encoded before they are put together
        pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret(), safe='')}"
        basic = base64.b64encode(pair.encode()).decode()
        said = _fetch(str(self._described()["token_endpoint"]), fields, {"authorization": f"Basic {basic}"})
        claims = self._believed(str(said.get("id_token", "")), nonce)
        name = claims.get(self.claim)
        if self.claim == "email" and claims.get("email_verified") is not True:
            raise NotThem("the provider has not verified the address")
        return Identity(issuer=self.issuer, subject=str(claims["sub"]), name=str(name or ""))

    def _believed(self, token: str, nonce: str) -> dict[str, Any]:
        try:
            try:
                found = jwt.decode(token, self._key_set(), algorithms=_ALGORITHMS)
            except _ODD:  # they have new keys, perhaps
                found = jwt.decode(token, self._key_set(anew=True), algorithms=_ALGORITHMS)
            jwt.JWTClaimsRegistry(
                now=int(self.clock.now().timestamp()),
                leeway=_LEEWAY_S,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": self.client_id},
                nonce={"essential": True, "value": nonce},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
            ).validate(found.claims)
        except _ODD as wrong:
            raise NotThem(f"the ID token cannot be believed: {wrong}") from wrong
        claims = dict(found.claims)
        many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (many or "azp" in claims) and claims.get("azp") != self.client_id:
            raise NotThem("the ID token was made for another client")
        return claims

    def _described(self) -> dict[str, Any]:
        known, now = self._known, self.clock.now()
        if known and known["until"] >= now:
            return known
        place = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        with self._asking(place):
            said = _fetch(place)
            if said.get("issuer") != self.issuer:
                raise Temporary(f"{place} describes another issuer: {str(said.get('issuer'))[:200]!r}")
            for one in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not is_safe(str(said.get(one, ""))):
                    raise Temporary(f"{place} names no safe {one}")
            self._known, self._keys = {**said, "until": now + _KEPT}, None
        return self._known

    def _key_set(self, *, anew: bool = False) -> KeySet:
        where = str(self._described()["jwks_uri"])
        if self._keys is None or anew:
            with self._asking(where):
                said = _fetch(where)
                try:
                    self._keys = KeySet.import_key_set(cast(Any, said))
                except _ODD as wrong:
                    raise Temporary(f"{where} holds no keys: {wrong}") from wrong
        assert self._keys is not None
        return self._keys

    @contextmanager
    def _asking(self, place: str) -> Iterator[None]:
        """Ask the provider once at a time, and not again at once where it has not answered: others wait for nothing."""
        if time.monotonic() < self._again_at or not self._lock.acquire(timeout=_PATIENCE_S):
            raise Temporary(f"{place} did not answer a moment ago")
        try:
            yield
        except Temporary:
            self._again_at = time.monotonic() + _PAUSE_S
            raise
        finally:
            self._lock.release()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def _fetch(
    url: str, fields: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return the JSON object at an address; raises NotThem for a refusal of what was sent, else Temporary."""
    body = urlencode(fields).encode() if fields else None
    known = {"accept": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data=body, headers=known)  # noqa: S310 - see is_safe
    try:
        with _opener.open(request, timeout=_TIMEOUT_S) as answer:
            said = json.loads(answer.read(_MOST))
    except urllib.error.HTTPError as wrong:
        with wrong:
            if fields and wrong.code in {400, 401, 403}:
                raise NotThem(f"{url} answers {wrong.code}: {_error(wrong)}") from wrong
            raise Temporary(f"{url} answers {wrong.code}") from wrong
    except _BROKEN as wrong:
        raise Temporary(f"{url} does not answer as it should: {wrong}") from wrong
    if not isinstance(said, dict):
        raise Temporary(f"{url} answers no JSON object")
    return said


def _error(answer: urllib.error.HTTPError) -> str:
    """Return the code of an error (RFC 6749 section 5.2), and nothing else: an answer may hold secrets."""
    try:
        return "".join(
            each
            for each in str(json.loads(answer.read(_MOST))["error"])[:60]
            if each.isalnum() or each == "_"
        )
    except (*_BROKEN, KeyError, TypeError):
        return "no reason"
