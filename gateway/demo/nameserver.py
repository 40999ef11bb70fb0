"""A name server on loopback for a demonstration: what its records say, over UDP and TCP, and NXDOMAIN for all else.

It knows enough of DNS (RFC 1035, RFC 6891) for a resolver that asks it directly; it never asks anybody itself.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset

log = logging.getLogger(__name__)

_UDP_BYTES = 1232
_TTL_S = 60
_IDLE_S = 10.0
_TXT_BYTES = 255  # of one string; a longer text is several
_BINDS = 20

Records = Mapping[tuple[str, str], Sequence[str]]


class NameServer:
    """Listens on the running loop between ``start`` and ``stop``, on one free port for UDP and TCP (see ``address``).

    ``records`` maps a lower-case name and a type such as ``("a.example", "TXT")`` to texts; it may grow meanwhile.
    """

    def __init__(self, records: Records, host: str = "127.0.0.1") -> None:
        self.address = (host, 0)
        self.asked: list[tuple[str, str]] = []
        self._records = records
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        host = self.address[0]
        for attempt in range(_BINDS):  # a port that is free for UDP may be taken for TCP
            self._udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), (host, 0))
            self.address = self._udp.get_extra_info("sockname")[:2]
            try:
                self._tcp = await asyncio.start_server(self._converse, *self.address)
            except OSError:
                self._udp.close()
                if attempt == _BINDS - 1:
                    raise
            else:
                break
        log.info("nameserver-started address=%s:%d", *self.address)

    async def stop(self) -> None:
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
            await self._tcp.wait_closed()

    def answer(self, wire: bytes, most: int) -> bytes:
        """Return the response to a query, of at most so many bytes; empty for what is no query."""
        try:
            query = dns.message.from_wire(wire)
        except (dns.exception.DNSException, ValueError):
            return b""
        if query.flags & dns.flags.QR:
            return b""
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
            response.set_rcode(dns.rcode.NOTIMP)
            return response.to_wire()
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        texts = self._records.get((name, kind), ())
        if texts:
            said = [_quoted(text) for text in texts] if kind == "TXT" else list(texts)
            response.answer.append(dns.rrset.from_text(question.name, _TTL_S, "IN", kind, *said))
        elif not any(known == name or known.endswith("." + name) for known, _ in self._records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        try:
            return response.to_wire(max_size=most)
        except dns.exception.TooBig:
            response.answer.clear()
            response.flags |= dns.flags.TC  # ask again over TCP
            return response.to_wire()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            while True:
                async with asyncio.timeout(_IDLE_S):
                    size = int.from_bytes(await reader.readexactly(2), "big")
                    response = self.answer(await reader.readexactly(size), 65_535)
                if not response:
                    break
                writer.write(len(response).to_bytes(2, "big") + response)
                await writer.drain()
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        response = self._server.answer(data, _UDP_BYTES)
        if response and self._transport is not None:
            self._transport.sendto(response, addr)


def _quoted(text: str) -> str:
    r"""Return a TXT record's text in strings of at most 255 bytes, as a zone file writes them.

    >>> _quoted('v=spf1 "x" -all')
    '"v=spf1 \\"x\\" -all"'
    """
    pieces = [text[at : at + _TXT_BYTES] for at in range(0, len(text), _TXT_BYTES)] or [""]
    return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)
