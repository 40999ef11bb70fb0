"""SPF: may this peer send for this domain (RFC 7208). Bounded: ten lookups that need an answer, two that find nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

from gateway.mail.authenticity.answers import Answer, Kind, Lookup
from gateway.mail.authenticity.keys import dns_name
from gateway.mail.authenticity.spf_macros import Sender, expanded
from gateway.mail.authenticity.spf_record import Mechanism, Record, RecordError, record_of
from gateway.mail.authenticity.verdicts import Spf, Word

_LOOKUPS_MAX = 10
_VOID_MAX = 2
_NAMES_MAX = 10  # servers of one mx, names of one address
_RECORD_MAX = 16 * 1024


class _NoAnswer(Exception):
    """DNS gave no answer: ``temperror``."""


def spf_of(ip: str, helo: str, mail_from: str, lookup: Lookup) -> Spf:
    """Return the verdict for the envelope sender's domain, or for the greeting's where the sender is empty."""
    scope: Literal["mailfrom", "helo"] = "mailfrom" if mail_from else "helo"
    local, _, domain = (mail_from or helo).rpartition("@")
    domain = domain.rstrip(".").lower() if domain.endswith(".") else domain.lower()
    try:
        address = ip_address(ip)
    except ValueError:
        return Spf(scope=scope, domain=domain[:253], reason="the peer's address is not known")
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    asked = _Asked(address, local or "postmaster", domain, helo, lookup)
    try:
        result, reason = asked.check(domain, 0)
    except _NoAnswer as none:
        return Spf(result="temperror", domain=domain[:253], scope=scope, reason=str(none))
    except RecordError as wrong:
        return Spf(result="permerror", domain=domain[:253], scope=scope, reason=str(wrong))
    return Spf(result=result, domain=domain[:253], scope=scope, reason=reason)


@dataclass(slots=True)
class _Asked:
    """One check, with what it has used of its bounds."""

    ip: IPv4Address | IPv6Address
    local: str
    domain: str
    helo: str
    lookup: Lookup
    terms: int = 0
    void: int = 0

    def check(self, domain: str, depth: int) -> tuple[Word, str]:
        """Return the result for a domain: the first mechanism that matches, or what the record redirects to."""
        if not dns_name(domain) or "." not in domain:
            return "none", "there is no domain to ask about"
        record = self.record(domain)
        if record is None:
            return "none", f"{domain} says nothing about who sends for it"
        for mechanism in record.mechanisms:
            if self.matches(mechanism, domain, depth):
                return mechanism.result, f"{domain}: {mechanism.name} {mechanism.spec}".rstrip()
        if not record.redirect or any(one.name == "all" for one in record.mechanisms):
            return "neutral", f"{domain} says neither yes nor no"
        self.count()
        target = self.expand(record.redirect, domain)
        result, reason = self.check(target, depth + 1)
        if result == "none":
            raise RecordError(f"the redirection to {target[:100]} finds no record")
        return result, reason

    def record(self, domain: str) -> Record | None:
        found = [
            text
            for text in self.ask(domain, "TXT").records
            if text[:6].lower() == "v=spf1" and text[6:7] in {"", " "}
        ]
        if len(found) > 1:
            raise RecordError(f"{domain} has {len(found)} SPF records")
        if found and (len(found[0]) > _RECORD_MAX or not found[0].isascii()):
            raise RecordError(f"the record of {domain} cannot be read")
        return record_of(found[0]) if found else None

    def matches(self, one: Mechanism, domain: str, depth: int) -> bool:
        if one.name == "all":
            return True
        if one.network is not None:
            return one.network.version == self.ip.version and self.ip in one.network
        self.count()
        target = self.expand(one.spec, domain) if one.spec else domain
        match one.name:
            case "include":
                result, _ = self.check(target, depth + 1)
                if result == "none":
                    raise RecordError(f"the included {target[:100]} has no record")
                return result == "pass"
            case "a":
                return self.among(self.addresses(target, void=True), one)
            case "mx":
                servers = self.asked(target, "MX").records
                if len(servers) > _NAMES_MAX:
                    raise RecordError(f"{target[:100]} has more than {_NAMES_MAX} servers")
                names = [server.partition(" ")[2].rstrip(".") for server in servers]
                return any(self.among(self.addresses(name, void=True), one) for name in names)
            case "exists":
                return bool(self.asked(target, "A").records)
            case _:
                return any(_ends(name, target) for name in self.names())

    def among(self, addresses: Iterator[str], one: Mechanism) -> bool:
        bits = one.bits4 if self.ip.version == 4 else one.bits6
        for text in addresses:
            network = ip_network(f"{text}/{bits}", strict=False)
            if network.version == self.ip.version and self.ip in network:
                return True
        return False

    def addresses(self, name: str, *, void: bool) -> Iterator[str]:
        kind: Kind = "A" if self.ip.version == 4 else "AAAA"
        yield from (self.asked(name, kind) if void else self.ask(name, kind)).records

    def names(self) -> list[str]:
        """Return the peer's names whose addresses are the peer's; a lookup that fails counts as no name."""
        found = []
        try:
            pointers = self.asked(self.ip.reverse_pointer, "PTR").records
        except _NoAnswer:
            return []
        for pointer in pointers[:_NAMES_MAX]:
            name = pointer.rstrip(".").lower()
            try:
                if any(ip_address(text) == self.ip for text in self.addresses(name, void=False)):
                    found.append(name)
            except (_NoAnswer, ValueError):
                continue
        return found

    def validated(self, domain: str) -> str:
        names = self.names()
        below = [name for name in names if _ends(name, domain)]
        return next(iter([*([domain] if domain in below else []), *below, *names]), "unknown")

    def expand(self, spec: str, domain: str) -> str:
        sender = Sender(
            ip=self.ip, local=self.local, domain=self.domain, helo=self.helo, validated=self.validated
        )
        return expanded(spec, sender, domain).lower()

    def count(self) -> None:
        self.terms += 1
        if self.terms > _LOOKUPS_MAX:
            raise RecordError(f"the record needs more than {_LOOKUPS_MAX} lookups")

    def asked(self, name: str, kind: Kind) -> Answer:
        """Ask, and count what finds nothing."""
        answer = self.ask(name, kind)
        if not answer.records:
            self.void += 1
            if self.void > _VOID_MAX:
                raise RecordError(f"more than {_VOID_MAX} lookups of the record find nothing")
        return answer

    def ask(self, name: str, kind: Kind) -> Answer:
        if not dns_name(name):
            return Answer(name=name[:253], type=kind, rcode="NXDOMAIN")
        answer = self.lookup(name, kind)
        if answer.failed:
            raise _NoAnswer(f"DNS gave no answer about {name[:100]} ({answer.rcode})")
        return answer


def _ends(name: str, domain: str) -> bool:
    return name == domain or name.endswith("." + domain)
