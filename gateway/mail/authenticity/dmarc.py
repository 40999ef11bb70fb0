"""DMARC: what the owner of the From domain asks for, and whether a message meets it (RFC 7489)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from publicsuffixlist import PublicSuffixList

from gateway.mail.authenticity.answers import Lookup
from gateway.mail.authenticity.keys import dns_name
from gateway.mail.authenticity.tags import TagError, tags_of
from gateway.mail.authenticity.verdicts import Dmarc, Signature, Spf, Word

_RECORD_MAX = 8 * 1024
_POLICIES = frozenset({"none", "quarantine", "reject"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """Which proven domains are the From domain's own: by its own name, or by that of its organisation."""

    dkim: tuple[str, ...] = ()
    spf: str = ""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def organisation_of(domain: str) -> str:
    """Return the part of a domain that somebody registered: what is below it has the same owner.

    >>> organisation_of("marketplace.amazon.co.uk"), organisation_of("com")
    ('amazon.co.uk', 'com')
    """
    return str(_suffixes().privatesuffix(domain) or domain)


def same_owner(one: str, other: str) -> bool:
    return organisation_of(one) == organisation_of(other)


def dmarc_of(
    authors: tuple[str, ...],
    signatures: Iterable[Signature],
    spf: Spf,
    lookup: Lookup,
    *,
    spf_known: bool = True,
) -> tuple[Dmarc, Aligned]:
    """Return the verdict, and what is aligned with the From domain whether or not its owner has published a policy.

    ``authors`` are the domains of all From addresses. Without ``spf_known`` a missing alignment is no failure: only the
    server that the message came from first could tell.
    """
    if len(set(authors)) != 1 or not dns_name(authors[0]):
        several = len(set(authors)) > 1
        reason = "the From field names several domains" if several else "the From field names no domain"
        return Dmarc(result="permerror" if several else "none", reason=reason), Aligned()
    domain = authors[0]
    signatures = tuple(signatures)
    record, found_at, trouble = _policy(domain, lookup)
    aligned = Aligned(
        dkim=tuple(
            dict.fromkeys(
                one.domain
                for one in signatures
                if one.result == "pass" and _alike(one.domain, domain, strict=record.get("adkim") == "s")
            )
        ),
        spf=spf.domain
        if spf.result == "pass" and _alike(spf.domain, domain, strict=record.get("aspf") == "s")
        else "",
    )
    if not record:
        return Dmarc(result=trouble, domain=domain, reason=_MISSING[trouble]), aligned
    below = found_at != domain
    policy = (record.get("sp") if below else None) or record["p"]
    verdict = Dmarc(domain=domain, found_at=found_at, policy=policy.lower())
    if aligned.dkim or aligned.spf:
        return replace(verdict, result="pass"), aligned
    if spf.result == "temperror" or any(one.result == "temperror" for one in signatures):
        return replace(verdict, result="temperror", reason="DNS gave no answer"), aligned
    if not spf_known:
        return replace(verdict, result="none", reason="no signature of the From domain"), aligned
    return replace(verdict, result="fail", reason="neither signed nor sent by the From domain"), aligned


_MISSING: dict[Word, str] = {
    "none": "the From domain has no policy",
    "temperror": "DNS gave no answer",
    "permerror": "the From domain's policy cannot be read",
}


def _policy(domain: str, lookup: Lookup) -> tuple[dict[str, str], str, Word]:
    """Return the record that applies, whose it is, and what it means if there is none."""
    for name in dict.fromkeys((domain, organisation_of(domain))):
        asked = f"_dmarc.{name}"
        if not dns_name(asked):
            continue
        answer = lookup(asked, "TXT")
        if answer.failed:
            return {}, "", "temperror"
        records = [one for one in answer.records if one.startswith("v=DMARC1") and len(one) <= _RECORD_MAX]
        if len(records) > 1:
            return {}, "", "none"  # section 6.6.3: then there is none
        if records:
            return _read(records[0], name)
    return {}, "", "none"


def _read(record: str, name: str) -> tuple[dict[str, str], str, Word]:
    try:
        tags = tags_of(record)
    except TagError:
        return {}, "", "permerror"
    tags["p"] = tags.get("p", "").lower()
    if tags["p"] not in _POLICIES or tags.get("sp", "none").lower() not in _POLICIES:
        if "rua" not in tags:
            return {}, "", "permerror"
        tags["p"], tags["sp"] = "none", "none"  # section 6.6.3, number 6
    return tags, name, "pass"


def _alike(domain: str, author: str, *, strict: bool) -> bool:
    return domain == author or (not strict and organisation_of(domain) == organisation_of(author))
