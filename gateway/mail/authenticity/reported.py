"""What another server says it has found: Authentication-Results (RFC 8601), read strictly.

Anyone can write such a field. Only the topmost one counts, and only from a peer and under a name that are configured.
"""

import re
from collections.abc import Collection, Iterator
from itertools import islice

from gateway.mail.authenticity.canonical_form import Signed
from gateway.mail.authenticity.verdicts import Told

_FIELD_MAX = 32 * 1024
_RESULTS_MAX = 50
_SERVER = re.compile(r"\s*([^\s;()\"]{1,255})(?:\s+[0-9]+)?\s*(?:;|$)")
_METHOD = re.compile(r"\s*([A-Za-z0-9-]+)\s*(?:/\s*[0-9]+\s*)?=\s*([A-Za-z]+)")
_PROPERTY = re.compile(r"([A-Za-z]+)\s*\.\s*([A-Za-z0-9_-]+)\s*=\s*(\"[^\"]*\"|[^\s;\"]+)")


def upstream_of(signed: Signed, servers: Collection[str]) -> Told | None:
    """Return what a trusted server says, from the topmost of its fields; None where it says nothing.

    Call it only for a message that came straight from that server: further down stands what others wrote.
    """
    wanted = {server.lower() for server in servers}
    for field in islice(signed.of("authentication-results"), _RESULTS_MAX):
        told = told_by(field.partition(b":")[2].decode("utf-8", "replace"))
        if told is not None and told.server in wanted:
            return told
    return None


def told_by(text: str) -> Told | None:
    """Return what one field's value says, or None where it cannot be read.

    >>> told_by("mx.brand.example; dkim=pass header.d=amazon.de; spf=none (no record)").dkim
    (('pass', 'amazon.de'),)
    """
    if len(text) > _FIELD_MAX:
        return None
    text = without_comments(text)
    server = _SERVER.match(text)
    if server is None:
        return None
    dkim: list[tuple[str, str]] = []
    spf, dmarc = ("", ""), ("", "")
    for method, result, told in _results(text[server.end() :]):
        if method == "dkim":
            dkim.append((result, told.get("header.d") or _domain(told.get("header.i", ""))))
        elif method == "spf" and not spf[0]:
            spf = (result, _domain(told.get("smtp.mailfrom") or told.get("smtp.helo", "")))
        elif method == "dmarc" and not dmarc[0]:
            dmarc = (result, _domain(told.get("header.from", "")))
    return Told(
        server=server[1].lower(),
        dkim=tuple(dkim),
        spf=spf[0],
        spf_domain=spf[1],
        dmarc=dmarc[0],
        from_domain=dmarc[1],
    )


def without_comments(text: str) -> str:
    r"""Return a value without its comments, which nest; one that does not end hides the rest, as it must.

    >>> without_comments("a (b (c) \\) d) e")
    'a   e'
    """
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for sign in text:
        if escaped:
            escaped = False
        elif sign == "\\" and (depth or quoted):
            escaped = True
            continue
        elif sign == '"' and not depth:
            quoted = not quoted
        elif sign == "(" and not quoted:
            depth += 1
            kept.append(" " if depth == 1 else "")
            continue
        elif sign == ")" and depth:
            depth -= 1
            continue
        if not depth:
            kept.append("?" if quoted and sign == ";" else sign)  # the next step splits at semicolons
    return "".join(kept)


def _results(text: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    for statement in islice(text.split(";"), _RESULTS_MAX):
        head = _METHOD.match(statement)
        if head is None:
            continue
        told: dict[str, str] = {}
        for found in _PROPERTY.finditer(statement, head.end()):
            told.setdefault(f"{found[1]}.{found[2]}".lower(), found[3].strip('"').lower())
        yield head[1].lower(), head[2].lower(), told


def _domain(value: str) -> str:
    return value.rpartition("@")[2].strip("<>")
