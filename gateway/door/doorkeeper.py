"""Names and passwords checked for every listener that agents log in at: throttled, and only so many at the same time."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.door.limits import Limits
from gateway.door.names import Names
from gateway.door.throttle import LoginThrottle
from gateway.ticket import Ticket

log = logging.getLogger(__name__)

_NAME_MOST = 100  # characters of a name that are counted under; nobody's is so long
# A ticket when the password is right, else None. Slow by design (argon2), so it runs in a thread.
CheckPassword = Callable[[str, str], Ticket | None]


@dataclass(frozen=True, slots=True)
class Login:
    name: str
    password: str = field(repr=False)


class TurnedAway(Exception):
    """Nobody is let in; the text says why, ``temporary`` whether the same name and password may do later."""

    def __init__(self, words: str, *, temporary: bool) -> None:
        super().__init__(words)
        self.temporary = temporary


class Doorkeeper:
    """One for all listeners of a process, so that failures are counted together."""

    def __init__(self, check: CheckPassword, limits: Limits, names: Names | None = None) -> None:
        self._check = check
        self._names = names or Names()
        self._throttle = LoginThrottle(limits)
        self._slots = asyncio.Semaphore(limits.password_checks)

    async def admit(self, peer: str, login: Login) -> Ticket:
        """Return the agent's ticket; raises TurnedAway."""
        return (await self.admit_to(peer, login))[0]

    async def admit_to(self, peer: str, login: Login) -> tuple[Ticket, str]:
        """Return the agent's ticket, and the mailbox that was named with it, if any; raises TurnedAway."""
        try:
            name, wanted = await asyncio.to_thread(self._names.read, login.name)
        except Exception as wrong:
            raise _our_fault(peer, wrong) from wrong
        counted = self._names.folded(name)[:_NAME_MOST]  # however it was written
        if not self._throttle.charge(peer, counted):
            raise TurnedAway("Too many failed logins; try again later", temporary=True)
        try:
            async with self._slots:
                ticket = await asyncio.to_thread(self._check, name, login.password)
        except Exception as wrong:
            self._throttle.refund(peer, counted)  # our fault, not a guess
            raise _our_fault(peer, wrong) from wrong
        if ticket is None:
            log.warning("event=login_failed peer=%s", peer)
            raise TurnedAway("Name or password is wrong", temporary=False)
        self._throttle.refund(peer, counted)
        return ticket, wanted


def _our_fault(peer: str, wrong: Exception) -> TurnedAway:
    log.error("event=login_not_checked peer=%s", peer, exc_info=wrong)
    return TurnedAway("Logins cannot be checked at the moment; try again later", temporary=True)


def login_of(answer: bytes) -> Login | None:
    """Return what a client gave by SASL PLAIN (RFC 4616), None for what is no such answer.

    Raises TurnedAway for whoever wants to act for another: names are never borrowed here.
    """
    parts = answer.split(b"\0")
    try:
        asked, name, password = (part.decode() for part in parts)
    except ValueError:  # not three parts, or not UTF-8
        return None
    if asked and asked != name:
        raise TurnedAway("Acting for another name is not possible", temporary=False)
    return Login(name, password)
