"""SMTP AUTH with PLAIN and LOGIN (RFC 4954, RFC 4616): names and passwords, only ever under TLS."""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable

from gateway.door.doorkeeper import Doorkeeper, Login, TurnedAway, login_of
from gateway.ticket import Ticket

# Sends "334 " and the challenge, returns the client's line without CRLF.
Challenge = Callable[[str], Awaitable[bytes]]

_MALFORMED = "501 5.5.2 Not the base64 that AUTH asks for"
_CANCELLED = "501 5.7.0 Authentication cancelled"


class Refused(Exception):
    """The exchange ended without credentials; the text is the reply."""


async def admitted(doorkeeper: Doorkeeper, peer: str, login: Login) -> Ticket:
    """Return the agent's ticket, or raise Refused: 454 when throttled, 535 when wrong."""
    try:
        return await doorkeeper.admit(peer, login)
    except TurnedAway as away:
        raise Refused(f"454 4.7.0 {away}" if away.temporary else f"535 5.7.8 {away}") from away


async def credentials(mechanism: str, initial: str | None, challenge: Challenge) -> Login:
    """Carry out one exchange and return what the client gave; raises Refused with the reply that ends it."""
    if mechanism == "PLAIN":
        answer = _decoded(initial.encode() if initial is not None else await challenge(""))
        try:
            given = login_of(answer)
        except TurnedAway as away:
            raise Refused(f"535 5.7.8 {away}") from away
        if given is None:
            raise Refused(_MALFORMED)
        name, password = given.name, given.password
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
