"""Signing in with OAuth 2: a person allows it once on another device (RFC 8628), tokens are renewed from then on (RFC 6749).

Providers that have ended passwords for IMAP ask for it. What stands in their answers is never shown but for the codes of
errors: tokens are passwords.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec

from gateway.clock import Clock
from gateway.errors import Temporary
from gateway.relay.reply import one_line

_MOST = 1 << 20  # bytes of an answer; a token has a few thousand
_TIMEOUT_S = 30.0
_SLOWER_S = 5.0  # RFC 8628 section 3.5
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class SignInNeeded(Temporary):
    """A person must sign in: nothing that a program does makes the tokens good again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who we are to a provider, and where it is asked."""

    device_url: str
    token_url: str
    scope: str
    client_id: str
    client_secret: str = ""
    auth_url: str = ""  # where a browser is sent; empty where another device will do


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a person needs to sign in: an address to open anywhere, and a code to enter there."""

    url: str
    code: str
    device_code: str
    interval_s: float
    expires_at: datetime


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What opens the account until ``expires_at``, and what renews it."""

    access: str
    refresh: str
    expires_at: datetime


def invite(client: Client, clock: Clock) -> Invitation:
    """Ask a provider to let a person sign in."""
    said = _ask(client.device_url, {"client_id": client.client_id, "scope": client.scope})
    if "device_code" not in said:
        raise SignInNeeded(f"{client.device_url} begins no sign-in: {_error(said)}")
    return Invitation(
        url=str(
            said.get("verification_uri_complete")
            or said.get("verification_uri")
            or said.get("verification_url")
        ),
        code=str(said.get("user_code")),
        device_code=str(said["device_code"]),
        interval_s=_seconds(said.get("interval"), 5.0),
        expires_at=clock.now() + timedelta(seconds=_seconds(said.get("expires_in"), 600.0)),
    )


def await_token(
    client: Client, invitation: Invitation, clock: Clock, *, sleep: Callable[[float], None] = time.sleep
) -> Token:
    """Wait until the person has signed in; raises SignInNeeded where they refuse, or take too long."""
    pause = invitation.interval_s
    while clock.now() < invitation.expires_at:
        sleep(pause)
        said = _token(client, {"grant_type": _GRANT, "device_code": invitation.device_code})
        match said.get("error"):
            case None:
                return _read(said, clock)
            case "authorization_pending":
                continue
            case "slow_down":
                pause += _SLOWER_S
            case _:
                raise SignInNeeded(f"the sign-in ended without a token: {_error(said)}")
    raise SignInNeeded("nobody signed in before the code ran out; run it again")


def redeem(client: Client, code: str, verifier: str, back: str, clock: Clock) -> Token:
    """Return the tokens for a code that a browser brought back; raises SignInNeeded where it is not good."""
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": back,
    }
    said = _token(client, fields)
    if "error" in said:
        raise SignInNeeded(f"the sign-in ended without a token: {_error(said)}")
    return _read(said, clock)


def renew(client: Client, token: Token, clock: Clock) -> Token:
    """Return a new token for an old one; raises SignInNeeded where the provider wants a person to sign in again."""
    said = _token(
        client, {"grant_type": "refresh_token", "refresh_token": token.refresh, "scope": client.scope}
    )
    if said.get("error") in {"temporarily_unavailable", "server_error", "slow_down"}:
        raise Temporary(f"{client.token_url} gives no token now: {_error(said)}")
    if "error" in said:
        raise SignInNeeded(f"{client.token_url} renews no token: {_error(said)}")
    return _read(said, clock, refresh=token.refresh)


def _token(client: Client, fields: dict[str, str]) -> dict[str, Any]:
    secret = {"client_secret": client.client_secret} if client.client_secret else {}
    return _ask(client.token_url, {"client_id": client.client_id, **secret, **fields})


def _read(said: dict[str, Any], clock: Clock, refresh: str = "") -> Token:
    access, new = said.get("access_token"), said.get("refresh_token", refresh)
    if not isinstance(access, str) or not access or not isinstance(new, str):
        raise Temporary("the provider's answer holds no token")
    expires = clock.now() + timedelta(seconds=_seconds(said.get("expires_in"), 3600.0))
    return Token(access=access, refresh=new, expires_at=expires)


def _ask(url: str, fields: dict[str, str]) -> dict[str, Any]:
    """Post a form; an error is an answer too (RFC 6749 section 5.2)."""
    request = urllib.request.Request(url, urlencode(fields).encode(), {"Accept": "application/json"})  # noqa: S310 - the settings allow https, and http to this machine
    try:
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                raw = answer.read(_MOST)
        except urllib.error.HTTPError as refused:
            with refused:
                raw = refused.read(_MOST)
            if refused.code >= 500:
                raise Temporary(f"{url} answers with status {refused.code}; it is tried again") from refused
    except (OSError, http.client.HTTPException) as wrong:
        raise Temporary(f"{url} does not answer: {wrong}") from wrong
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError) as wrong:
        raise Temporary(f"{url} answers with what is no JSON") from wrong
    if not isinstance(said, dict):
        raise Temporary(f"{url} answers with what is no JSON object")
    return said


def _error(said: dict[str, Any]) -> str:
    words = one_line(said.get("error_description") or "")[:200]
    return f"{one_line(said.get('error', 'no reason given'))[:60]}{f' ({words})' if words else ''}"


def _seconds(value: Any, default: float) -> float:
    try:
        return min(max(float(value), 0.0), 365 * 86_400.0)
    except (TypeError, ValueError):
        return default
