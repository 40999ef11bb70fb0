"""What we say that we have found, as Authentication-Results (RFC 8601), for mail clients and filters behind us."""

import re

from gateway.mail.authenticity.signatures import CHECKED_MAX
from gateway.mail.authenticity.verdicts import Authenticity, Signature

_VALUE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}")  # a stranger chose it: else it stays out


def results_of(found: Authenticity) -> tuple[str, ...]:
    """Return one statement for each method, each a line of the field's value; what was not looked at is left out.

    >>> results_of(Authenticity(from_domain="amazon.de"))
    ('dkim=none', 'dmarc=none header.from=amazon.de')
    """
    lines = [_signature(one) for one in found.signatures[:CHECKED_MAX]] or ["dkim=none"]
    if found.spf.domain:
        name = "smtp.mailfrom" if found.spf.scope == "mailfrom" else "smtp.helo"
        lines.append(f"spf={found.spf.result}{_property(name, found.spf.domain)}")
    if found.dmarc.domain or found.dmarc.result != "none" or found.from_domain:
        domain = found.dmarc.domain or found.from_domain
        lines.append(f"dmarc={found.dmarc.result}{_property('header.from', domain)}")
    if found.arc.result != "none":
        lines.append(f"arc={found.arc.result}")
    return tuple(lines)


def _signature(one: Signature) -> str:
    properties = (("header.d", one.domain), ("header.s", one.selector), ("header.a", one.algorithm))
    return f"dkim={one.result}" + "".join(_property(name, value) for name, value in properties)


def _property(name: str, value: str) -> str:
    return f" {name}={value}" if _VALUE.fullmatch(value) else ""
