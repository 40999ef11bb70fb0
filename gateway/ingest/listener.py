"""A port that listens, on the loop that runs: no thread, no controller."""

import asyncio
import ipaddress
import logging
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from weakref import WeakSet

from gateway.door.address import split_address
from gateway.errors import WrongUse
from gateway.ingest.connection import Connection

log = logging.getLogger(__name__)

_STOPPING = "421 4.3.2 Shutting down; try again later"


class Listener:
    """Makes a connection object for each client. ``context`` is for implicit TLS (port 465); STARTTLS is theirs."""

    def __init__(
        self,
        make: Callable[[], Connection],
        *,
        context: ssl.SSLContext | None = None,
        handshake_s: float = 30.0,
        backlog: int = 512,
    ) -> None:
        self._make = make
        self._context = context
        self._handshake_s = handshake_s if context is not None else None
        self._backlog = backlog
        self._server: asyncio.Server | None = None
        self._connections: WeakSet[Connection] = WeakSet()

    async def start(self, address: str) -> str:
        """Listen on ``HOST:PORT`` (port 0: any free one) or ``unix:/path``; return the address that was bound."""
        # aiosmtpd logs each connection at INFO and each AUTH at WARNING; what matters is logged here, as facts.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        loop = asyncio.get_running_loop()
        try:
            if address.startswith("unix:"):
                self._server = await loop.create_unix_server(
                    self._connection,
                    address[5:],
                    backlog=self._backlog,
                    ssl=self._context,
                    ssl_handshake_timeout=self._handshake_s,
                )
                Path(address[5:]).chmod(0o660)
                return address
            host, port = split_address(address)
            self._server = await loop.create_server(
                self._connection,
                host,
                port,
                backlog=self._backlog,
                ssl=self._context,
                ssl_handshake_timeout=self._handshake_s,
            )
        except OSError as wrong:
            raise WrongUse(f"cannot listen on {address}: {wrong}") from wrong
        bound = self._server.sockets[0].getsockname()
        log.info("event=listening address=%s:%d", bound[0], bound[1])
        return f"[{bound[0]}]:{bound[1]}" if ":" in bound[0] else f"{bound[0]}:{bound[1]}"

    async def stop(self, grace_s: float = 10.0) -> None:
        """Take no more connections, let messages in the archive's hands be answered, then say goodbye to all."""
        if self._server is None:
            return
        self._server.close()
        open_ = [connection for connection in self._connections if connection.transport is not None]
        await asyncio.gather(*(connection.stop(_STOPPING, grace_s) for connection in open_))

    def _connection(self) -> Connection:
        connection = self._make()
        self._connections.add(connection)
        return connection


def trust(peers: Iterable[str]) -> Callable[[str], bool]:
    """Return a test for trusted peers: addresses, networks such as ``10.0.0.0/8``, or the word ``unix``."""
    networks = []
    unix = False
    for peer in peers:
        if peer == "unix":
            unix = True
            continue
        try:
            networks.append(ipaddress.ip_network(peer, strict=False))
        except ValueError as wrong:
            raise WrongUse(f"trusted_peers: {peer!r} is no IP address, network or the word unix") from wrong

    def is_trusted(peer: str) -> bool:
        if peer == "unix" or not networks:
            return unix and peer == "unix"
        ip = ipaddress.ip_address(peer.partition("%")[0])
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        return any(ip in network for network in networks if network.version == ip.version)

    return is_trusted
