"""Who wrote to a mailing list that writes itself into From, as Google Groups does: X-Original-Sender, where it counts.

Anyone can write such a field. It counts where the list is proven by a signature that covers it and what the list found out
about the sender (X-Original-Authentication-Results), the list's domain is one that the settings trust, and it found a proof.
"""

from collections.abc import Collection

from gateway.mail.addresses import addresses
from gateway.mail.authenticity.canonical_form import Signed
from gateway.mail.authenticity.dmarc import same_owner
from gateway.mail.authenticity.reported import told_by
from gateway.mail.authenticity.verdicts import Authenticity, Told

_SENDER = "x-original-sender"
_FOUND = "x-original-authentication-results"


def original_of(signed: Signed, found: Authenticity, lists: Collection[str]) -> str:
    """Return the domain that is proven to have written to a trusted list; "" where none is, or the list hid nobody."""
    listed = found.from_domain
    if found.by != "dkim" or listed not in map(str.lower, lists) or not _covered(found, listed):
        return ""
    senders, results = signed.of(_SENDER), signed.of(_FOUND)
    if len(senders) != 1 or len(results) != 1:  # a second one above would not be covered
        return ""
    told = told_by(_value(results[0]))
    written = addresses([_value(senders[0])])
    domain = written[0].address.rpartition("@")[2].lower() if len(written) == 1 else ""
    if told is None or domain == listed or not domain.isascii():
        return ""
    return domain if vouches(told, domain) else ""


def vouches(told: Told, domain: str) -> bool:
    """Tell whether a server's findings prove a domain: by DMARC, else by what is aligned with it."""
    if not domain or told.dmarc == "fail":
        return False
    if told.dmarc == "pass" and told.from_domain in {domain, ""}:
        return True
    passed = [name for result, name in told.dkim if result == "pass"]
    passed += [told.spf_domain] if told.spf == "pass" else []
    return any(name and same_owner(name, domain) for name in passed)


def _covered(found: Authenticity, domain: str) -> bool:
    return any(
        one.result == "pass" and same_owner(one.domain, domain) and {_SENDER, _FOUND}.issubset(one.headers)
        for one in found.signatures
    )


def _value(field: bytes) -> str:
    return field.partition(b":")[2].decode("utf-8", "replace").replace("\r\n", "")
