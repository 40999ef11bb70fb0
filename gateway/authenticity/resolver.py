"""DNS questions answered in bounded time: whatever goes wrong is an answer too, and no answer is larger than it may be."""

import time
from collections.abc import Iterable, Sequence

import dns.exception
import dns.name
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from gateway.mail.authenticity.answers import Answer, Kind, normal

RECORDS_MAX = 100
RECORD_BYTES_MAX = 16 * 1024
_CACHED = 512  # answers kept for as long as they live; one may be 64 KB
_ONE_S = 3.0  # for one question, of a message's whole time


class Resolver:
    """Asks the system's name servers, or those named as ``host:port``. Safe to use from many threads."""

    def __init__(self, servers: Sequence[tuple[str, int]] = ()) -> None:
        self._resolver = dns.resolver.Resolver(configure=not servers)
        if servers:
            self._resolver.nameservers = [host for host, _ in servers]
            self._resolver.nameserver_ports = dict(servers)
        self._resolver.cache = dns.resolver.LRUCache(_CACHED)
        self._resolver.use_edns(0, 0, 1232)

    def ask(self, name: str, kind: Kind, until: float) -> Answer:
        """Return the answer to one question, ``TIMEOUT`` at the moment ``until`` of the monotonic clock."""
        name = normal(name)
        left = min(until - time.monotonic(), _ONE_S)
        if left <= 0:
            return Answer(name=name, type=kind, rcode="TIMEOUT")
        try:
            asked = dns.name.Name([*(label.encode("latin-1") for label in name.split(".")), b""])
            found = self._resolver.resolve(asked, kind, lifetime=left, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return Answer(name=name, type=kind, rcode="NXDOMAIN")
        except dns.exception.Timeout:
            return Answer(name=name, type=kind, rcode="TIMEOUT")
        except (dns.exception.DNSException, OSError, ValueError):
            # No server answers sensibly, a chain of names without end, a name that is none.
            return Answer(name=name, type=kind, rcode="SERVFAIL")
        if found.rrset is None:
            return Answer(name=name, type=kind)
        records = tuple(_bounded(_texts(found.rrset)))
        return Answer(name=name, type=kind, records=records, ttl=int(found.rrset.ttl))


def _texts(rrset: Iterable[object]) -> Iterable[str]:
    for record in rrset:
        yield b"".join(record.strings).decode("latin-1") if isinstance(record, TXT) else str(record)


def _bounded(texts: Iterable[str]) -> Iterable[str]:
    """Yield the records in an order of their own, so that servers which shuffle them change nothing."""
    return sorted(text[:RECORD_BYTES_MAX] for text in texts)[:RECORDS_MAX]
