"""SMTP AUTH with PLAIN and LOGIN (RFC 4954, RFC 4616): names and passwords, only ever under TLS."""

import asyncio
import binascii
import logging
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.ingest.limits import Limits
from gateway.ingest.throttle import LoginThrottle

log = logging.getLogger(__name__)

# The agent's name when the password is right, else None. Slow by design (argon2), so it runs in a thread.
CheckPassword = Callable[[str, str], str | None]
# Sends "334 " and the challenge, returns the client's line without CRLF.
Challenge = Callable[[str], Awaitable[bytes]]

_MALFORMED = "501 5.5.2 Not the base64 that AUTH asks for"
_CANCELLED = "501 5.7.0 Authentication cancelled"


class Refused(Exception):
    """The exchange ended without credentials; the text is the reply."""


@dataclass(frozen=True, slots=True)
class Login:
    name: str
    password: str = field(repr=False)


class Doorkeeper:
    """Checks credentials for all submission listeners: throttled, and only so many at the same time."""

    def __init__(self, check: CheckPassword, limits: Limits) -> None:
        self._check = check
        self._throttle = LoginThrottle(limits)
        self._slots = asyncio.Semaphore(limits.password_checks)

    async def admit(self, peer: str, login: Login) -> str:
        """Return the agent's name, or raise Refused: 454 when throttled, 535 when wrong."""
        if not self._throttle.charge(peer, login.name):
            raise Refused("454 4.7.0 Too many failed logins; try again later")
        try:
            async with self._slots:
                agent = await asyncio.to_thread(self._check, login.name, login.password)
        except Exception as wrong:
            self._throttle.refund(peer, login.name)  # our fault, not a guess
            log.exception("event=login_not_checked peer=%s", peer)
            raise Refused("454 4.7.0 Logins cannot be checked at the moment; try again later") from wrong
        if agent is None:
            raise Refused("535 5.7.8 Name or password is wrong")
        self._throttle.refund(peer, login.name)
        return agent


async def credentials(mechanism: str, initial: str | None, challenge: Challenge) -> Login:
    """Carry out one exchange and return what the client gave; raises Refused with the reply that ends it."""
    if mechanism == "PLAIN":
        answer = _decoded(initial.encode() if initial is not None else await challenge(""))
        parts = answer.split(b"\0")
        if len(parts) != 3:
            raise Refused(_MALFORMED)
        name, password = _text(parts[1]), _text(parts[2])
        if parts[0] and parts[0] != parts[1]:
            raise Refused(
                "535 5.7.8 Acting for another name is not possible"
            )  # RFC 4616: authorization identity
    elif mechanism == "LOGIN":
        # The prompts are what clients look for, to the letter (draft-murchison-sasl-login).
        name = _text(_decoded(initial.encode() if initial is not None else await challenge("Username:")))
        password = _text(_decoded(await challenge("Password:")))
    else:
        raise Refused("504 5.5.4 Use AUTH PLAIN or AUTH LOGIN")
    if not name or not password:
        raise Refused("535 5.7.8 Name or password is wrong")
    return Login(name, password)


def prompt(text: str) -> str:
    return f"334 {b64encode(text.encode()).decode()}"


def _decoded(line: bytes) -> bytes:
    if line == b"*":
        raise Refused(_CANCELLED)  # RFC 4954 section 4
    if line == b"=":
        return b""  # an empty initial response
    try:
        return b64decode(line, validate=True)
    except binascii.Error as wrong:
        raise Refused(_MALFORMED) from wrong


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as wrong:
        raise Refused("535 5.7.8 Name or password is wrong") from wrong
