"""Mail straight to the recipients' own servers, found by MX records, protected by TLS wherever it is offered."""

import random
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import dns.exception
import dns.resolver
from dns.rdtypes.ANY.MX import MX

from gateway.relay.reply import own_words
from gateway.relay.smtp import SmtpTransport
from gateway.relay.tls import TlsPolicy
from gateway.relay.transport import Deferred, Outcome, Refused

_MOST_HOSTS = 5
_MOST_WAYS = 64  # servers that are remembered, with the connections to them


class NoServer(Exception):
    """A domain has no server that mail could go to; ``reply`` says why, 4xx or 5xx."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


class MxTransport:
    """Hands messages to each recipient domain's servers in their order of preference (RFC 5321 section 5.1).

    ``resolver`` and ``rng`` are given by tests; the default resolver reads the system's settings.
    """

    def __init__(
        self,
        *,
        hostname: str,
        tls: TlsPolicy = "opportunistic",
        timeout_s: float = 60.0,
        final_timeout_s: float = 600.0,
        ca_file: str = "",
        idle_s: float = 0.0,
        port: int = 25,
        resolver: dns.resolver.Resolver | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._resolver = resolver or dns.resolver.Resolver()
        self._rng = rng or random.SystemRandom()
        self._connect: Callable[[str], SmtpTransport] = lambda host: SmtpTransport(
            host,
            port,
            tls=tls,
            hostname=hostname,
            timeout_s=timeout_s,
            final_timeout_s=final_timeout_s,
            ca_file=ca_file,
            idle_s=idle_s,
        )
        self._ways: OrderedDict[str, SmtpTransport] = OrderedDict()  # by host, the longest unused first
        self._lock = threading.Lock()
        self._dns_s = min(timeout_s, 30.0)

    def send(self, raw: bytes, mail_from: str, recipients: tuple[str, ...]) -> tuple[Outcome, ...]:
        """Hand over one message, each domain's recipients together; nothing is raised for a remote's fault."""
        outcomes: list[Outcome] = []
        for domain, group in _by_domain(recipients).items():
            try:
                hosts = mail_hosts(domain, self._resolver, rng=self._rng, timeout_s=self._dns_s)
            except NoServer as none:
                kind = Refused if none.reply.startswith("5") else Deferred
                outcomes.append(kind(recipients=group, reply=none.reply))
                continue
            outcomes.extend(self._try(hosts, raw, mail_from, group))
        return tuple(outcomes)

    def close(self) -> None:
        """Say goodbye on the connections that wait for another message."""
        with self._lock:
            ways, self._ways = tuple(self._ways.values()), OrderedDict()
        for way in ways:
            way.close()

    def _way(self, host: str) -> SmtpTransport:
        with self._lock:
            way = self._ways.pop(host, None) or self._connect(host)
            self._ways[host] = way
            oldest = self._ways.popitem(last=False)[1] if len(self._ways) > _MOST_WAYS else None
        if oldest is not None:
            oldest.close()
        return way

    def _try(
        self, hosts: Sequence[str], raw: bytes, mail_from: str, group: tuple[str, ...]
    ) -> tuple[Outcome, ...]:
        """Go from host to host with whoever was deferred; every other outcome is the last word on its recipients."""
        settled: list[Outcome] = []
        deferred: list[Outcome] = []
        for host in hosts[:_MOST_HOSTS]:
            outcomes = self._way(host).send(raw, mail_from, group)
            settled.extend(one for one in outcomes if not isinstance(one, Deferred))
            deferred = [one for one in outcomes if isinstance(one, Deferred)]
            group = tuple(address for one in deferred for address in one.recipients)
            if not group:
                break
        return (*settled, *deferred)


def mail_hosts(
    domain: str, resolver: dns.resolver.Resolver, *, rng: random.Random, timeout_s: float
) -> tuple[str, ...]:
    """Return the hosts that take a domain's mail, best first, equals in random order.

    A domain without MX records is its own host (RFC 5321 section 5.1). Raises NoServer.
    """
    if domain.startswith("[") and domain.endswith("]"):
        return (domain[1:-1].removeprefix("IPv6:"),)
    try:
        answer = resolver.resolve(domain, "MX", lifetime=timeout_s)
    except dns.resolver.NXDOMAIN as wrong:
        raise NoServer(own_words("5.1.2", f"the domain {domain} does not exist")) from wrong
    except dns.resolver.NoAnswer:
        return (domain,)
    except dns.exception.DNSException as wrong:
        words = f"the servers of {domain} cannot be looked up now ({type(wrong).__name__})"
        raise NoServer(own_words("4.4.3", words)) from wrong
    records = [record for record in answer if isinstance(record, MX)]
    rng.shuffle(records)
    records.sort(key=lambda record: record.preference)
    hosts = tuple(record.exchange.to_text(omit_final_dot=True) for record in records)
    if hosts == (".",):  # RFC 7505
        raise NoServer(own_words("5.1.10", f"the domain {domain} takes no mail"))
    return tuple(host for host in hosts if host != ".")


def _by_domain(recipients: Sequence[str]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for address in dict.fromkeys(recipients):
        domain = address.rpartition("@")[2].lower()
        groups[domain] = (*groups.get(domain, ()), address)
    return groups
