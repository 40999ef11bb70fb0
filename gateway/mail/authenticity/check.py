"""The check: a message, its envelope and DNS answers in, every finding out. The same arguments always give the same.

``proven`` is what the rules weigh: a domain that is shown to have sent this message, by a signature or by a server of its
own that is aligned with the From field, or by the word of a server that the settings trust.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from gateway.mail.addresses import addresses
from gateway.mail.authenticity.answers import Lookup
from gateway.mail.authenticity.arc import arc_of
from gateway.mail.authenticity.canonical_form import Signed
from gateway.mail.authenticity.dmarc import Aligned, dmarc_of, same_owner
from gateway.mail.authenticity.original import original_of, vouches
from gateway.mail.authenticity.reported import upstream_of
from gateway.mail.authenticity.signatures import signatures_of
from gateway.mail.authenticity.spf import spf_of
from gateway.mail.authenticity.verdicts import Arc, Authenticity, Signature, Spf, Word

_FROM_MAX = 10  # From fields and addresses that are read; one is right
_OWN_PEER = "it came through a server of our own, which alone saw who sent it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """What the check needs of the envelope. ``own`` says that the peer is a server of ours, a trusted one."""

    ip: str = ""
    helo: str = ""
    mail_from: str = ""
    at: datetime
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom the settings believe: servers whose Authentication-Results we read, domains whose ARC seals count.

    ``lists`` are domains whose mailing lists write themselves into From and the sender into X-Original-Sender.
    """

    servers: tuple[str, ...] = ()
    sealers: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()


def check(raw: bytes, wire: Wire, lookup: Lookup, trust: Trust) -> Authenticity:
    """Return all findings about one message."""
    signed = Signed(raw)
    signatures = signatures_of(signed, lookup, wire.at)
    spf = Spf(reason=_OWN_PEER) if wire.own else spf_of(wire.ip, wire.helo, wire.mail_from, lookup)
    dmarc, aligned = dmarc_of(_authors(signed), signatures, spf, lookup, spf_known=not wire.own)
    found = Authenticity(
        from_domain=dmarc.domain,
        signatures=signatures,
        spf=spf,
        dmarc=dmarc,
        arc=arc_of(signed, lookup),
        upstream=upstream_of(signed, trust.servers) if wire.own else None,
    )
    summed = _summed(found, aligned, trust, silent=wire.own and not trust.servers)
    original = original_of(signed, summed, trust.lists)
    if not original:
        return summed
    reason = f"passed on by a list of {summed.from_domain}, which had checked that it is from {original}"
    return replace(summed, proven=(*summed.proven, original), by="list", reason=reason)


def read_upstream(raw: bytes, trust: Trust) -> Authenticity | None:
    """Return what a trusted server says about a message that was kept by it, without a look at DNS; None for nothing."""
    signed = Signed(raw)
    told = upstream_of(signed, trust.servers)
    if told is None:
        return None
    authors = _authors(signed)
    domain = authors[0] if len(set(authors)) == 1 else ""
    return _summed(Authenticity(from_domain=domain, upstream=told), Aligned(), trust, silent=False)


def _authors(signed: Signed) -> tuple[str, ...]:
    """Return the domain of every From address: two fields are as suspect as two addresses."""
    fields = [
        field.partition(b":")[2].decode("utf-8", "replace") for field in islice(signed.of("from"), _FROM_MAX)
    ]
    found = addresses([field.replace("\r\n", "") for field in fields])
    return tuple(_ascii(one.address) for one in found[:_FROM_MAX] if "@" in one.address)


def _ascii(address: str) -> str:
    """Return an address's domain in lower case, as DNS knows it."""
    domain = address.rpartition("@")[2].strip().rstrip(".").lower()
    try:
        return domain if domain.isascii() else domain[:253].encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def _summed(found: Authenticity, aligned: Aligned, trust: Trust, *, silent: bool) -> Authenticity:
    """Add the summary. ``silent`` is a server of ours that tells us nothing: then only a proof says anything."""
    if found.dmarc.result == "permerror" and not found.dmarc.domain:
        return replace(found, result="permerror", reason=found.dmarc.reason)
    domain = found.from_domain
    proven, by, reason = _own_proof(aligned, domain)
    if not proven and found.upstream is not None and vouches(found.upstream, domain):
        proven, by = domain, "upstream"
        reason = f"{found.upstream.server} has checked that it is from {domain}"
    if not proven and (original := _forwarded(found.arc, trust.sealers)):
        proven, by = original, "arc"
        reason = f"passed on by {found.arc.sealers[-1]}, which had checked that it is from {original}"
    if proven:
        return replace(found, result="pass", proven=(proven,), by=by, reason=reason)
    if silent:
        return replace(found, reason="a server of our own handed it over")
    result, reason = _unproven(found)
    return replace(found, result=result, reason=reason)


def _own_proof(aligned: Aligned, domain: str) -> tuple[str, str, str]:
    if aligned.dkim:
        return domain, "dkim", f"signed by {aligned.dkim[0]}"
    if aligned.spf:
        return domain, "spf", f"sent by a server of {aligned.spf}"
    return "", "", ""


def _unproven(found: Authenticity) -> tuple[Word, str]:
    domain = found.from_domain
    broken = next((one for one in found.signatures if _breaks(one, domain)), None)
    refused = found.upstream is not None and found.upstream.dmarc == "fail"
    if broken is not None:
        return "fail", f"claims to be from {domain}, but its signature does not verify: {broken.reason}"
    if refused or found.dmarc.result == "fail":
        return "fail", f"claims to be from {domain}, but is neither signed by it nor sent by its servers"
    failed = (
        found.spf.result,
        found.dmarc.result,
        found.arc.result,
        *(one.result for one in found.signatures),
    )
    if "temperror" in failed:
        return "temperror", "DNS gave no answer, so nobody could check who sent it"
    return "none", "nothing proves who sent it"


def _breaks(signature: Signature, domain: str) -> bool:
    return signature.result == "fail" and bool(domain) and same_owner(signature.domain, domain)


def _forwarded(arc: Arc, sealers: Collection[str]) -> str:
    """Return the domain that a chain of trusted servers had proven, before they passed the message on."""
    trusted = {domain.lower() for domain in sealers}
    if arc.result != "pass" or arc.told is None or not arc.sealers or not trusted.issuperset(arc.sealers):
        return ""
    return arc.told.from_domain if arc.told.dmarc == "pass" else ""
