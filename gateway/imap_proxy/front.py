"""Where agents' mail clients log in: each connection from its greeting to its end."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from gateway.door.address import split_address
from gateway.door.doorkeeper import Doorkeeper
from gateway.door.limits import Limits
from gateway.door.standing import SHUT, Standing
from gateway.door.throttle import Gate, peer_key
from gateway.errors import ArchiveBroken, Temporary, WrongUse
from gateway.imap_proxy.capabilities import withhold
from gateway.imap_proxy.commands import Command
from gateway.imap_proxy.entrance import Entered, Entrance, Gone
from gateway.imap_proxy.observer import CHANGES, Deed
from gateway.imap_proxy.passage import Passage
from gateway.imap_proxy.record import Journal, Who
from gateway.imap_proxy.upstream import Opened, Upstream, enter, shut
from gateway.relay.tls import is_loopback
from gateway.ticket import Ticket

log = logging.getLogger(__name__)

_BUFFER = 256 * 1024
_LOOKED_AT = CHANGES | {
    "select"
}  # others, which may come by the thousand, have what the rounds of Standing find
# Which mailbox an agent means, by its address or by none, and where it is; None for one that is not theirs.
Route = Callable[[str, str], "Mailbox | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A support address as agents reach it. Folders in ``protected`` can be neither renamed nor deleted."""

    address: str
    upstream: Upstream
    protected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What all connections share. ``on_broken`` must end the service: what agents do can no longer be recorded."""

    doorkeeper: Doorkeeper
    standing: Standing
    route: Route
    journal: Journal
    limits: Limits
    gate: Gate
    hostname: str
    new_id: Callable[[], str]
    on_broken: Callable[[ArchiveBroken], None]


class Front:
    """One port. With ``implicit`` TLS begins with the connection (RFC 8314), else by STARTTLS."""

    def __init__(self, house: House, *, tls: ssl.SSLContext | None, implicit: bool) -> None:
        self._house, self._tls, self._implicit = house, tls, implicit
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def start(self, address: str) -> str:
        """Listen on ``HOST:PORT`` (port 0: any free one); return the address that was bound. Raises WrongUse."""
        host, port = split_address(address)
        try:
            self._server = await asyncio.start_server(
                self._greet,
                host,
                port,
                limit=_BUFFER,
                ssl=self._tls if self._implicit else None,
                ssl_handshake_timeout=self._house.limits.handshake_s if self._implicit else None,
            )
        except OSError as wrong:
            raise WrongUse(f"listen.imap: cannot listen on {address}: {wrong}") from wrong
        bound = self._server.sockets[0].getsockname()
        log.info("event=listening address=%s:%d", bound[0], bound[1])
        return f"[{bound[0]}]:{bound[1]}" if ":" in bound[0] else f"{bound[0]}:{bound[1]}"

    async def stop(self) -> None:
        """Take no more connections, end those that are open and write down what is not yet."""
        if self._server is not None:
            self._server.close()
        for session in tuple(self._sessions):
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)

    def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.ensure_future(self._session(reader, writer))
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername") or ("unix", 0)
        key = peer_key(peer[0])
        refusal = self._house.gate.enter(key)
        try:
            if refusal:
                log.warning("event=turned_away peer=%s", key)
                writer.write(b"* BYE " + refusal.encode() + b"\r\n")
                await writer.drain()
                return
            await self._serve(reader, writer, peer[0], f"{peer[0]}:{peer[1]}")
        except (Gone, OSError, TimeoutError):
            return  # they left, or take nothing
        except Temporary as wrong:
            log.warning("event=imap_session_ended peer=%s why=%s", key, wrong)
        except ArchiveBroken as wrong:
            self._house.on_broken(wrong)
        finally:
            if not refusal:
                self._house.gate.leave(key)
            await shut((reader, writer))

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ip: str, peer: str
    ) -> None:
        house = self._house
        entrance = Entrance(
            reader,
            writer,
            admit=partial(house.doorkeeper.admit_to, peer_key(ip)),
            tls=None if self._implicit else self._tls,
            safe=self._implicit or is_loopback(ip),
            logins=house.limits.logins,
            hostname=house.hostname,
        )
        async with asyncio.timeout(house.limits.login_s):
            await entrance.greet()
            entered, mailbox, opened, who = await self._enter(entrance, peer)
        record = partial(house.journal.write, who)
        try:
            told = b" ".join(opened.capabilities)
            writer.write(withhold(entered.tag + b" OK [CAPABILITY " + told + b"] Logged in") + b"\r\n")
            entered.wire.lengthen()
            passage = Passage(
                (reader, writer),
                opened.streams,
                record=record,
                ends=partial(_over, house.standing, entered.ticket),
                keeps=partial(_keeps, mailbox.protected),
                commands=entered.wire,
                responses=opened.wire,
                idle_s=house.limits.imap_idle_s,
            )
            with house.standing.watched(entered.ticket, partial(passage.end, SHUT)):
                await passage.run()
        finally:
            await shut(opened.streams)
            await house.journal.write(who, [Deed(did="logout")])

    async def _enter(self, entrance: Entrance, peer: str) -> tuple[Entered, Mailbox, Opened, Who]:
        """Let somebody in, and log in behind; who it is is on disk before they are told that they are in."""
        while True:
            entered = await entrance.run()
            mailbox = self._house.route(entered.ticket.agent, entered.wanted)
            if mailbox is None:
                await entrance.refuse(
                    entered.tag, "No mailbox of yours is by that name, or none is set up for mail clients"
                )
                continue
            who = Who(
                agent=entered.ticket.agent,
                mailbox=mailbox.address,
                account=mailbox.upstream.account,
                session=self._house.new_id(),
                peer=peer,
                client=entered.client,
            )
            recorded = asyncio.ensure_future(self._house.journal.write(who, [Deed(did="login")]))
            try:
                opened = await enter(mailbox.upstream)
                await recorded
                return entered, mailbox, opened, who
            except (Temporary, WrongUse) as wrong:
                await recorded
                log.error("event=imap_upstream_failed mailbox=%s why=%s", mailbox.address, wrong)
                await entrance.refuse(
                    entered.tag,
                    "The mailbox cannot be reached now; the person in charge finds why in Docket's log",
                )


async def _over(standing: Standing, ticket: Ticket, command: Command) -> str:
    """Say why a command finds its session over, or nothing."""
    return SHUT if command.kind in _LOOKED_AT and not await standing.stands(ticket) else ""


def _keeps(protected: tuple[str, ...], command: Command) -> str:
    """Say why a folder may not be renamed or deleted, or nothing."""
    if command.verb not in {b"DELETE", b"RENAME"} or not protected:
        return ""
    named = command.folders()[:1]
    if any(one == top or one.startswith((f"{top}/", f"{top}.")) for one in named for top in protected):
        return f"Docket keeps the folder {named[0]}; it is not renamed or deleted from here"
    return ""
