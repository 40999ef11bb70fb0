"""DKIM: every signature of a message with its verdict (RFC 6376, RFC 8301, RFC 8463).

Nothing here asks for the time: ``at`` is when the message was received, so that a signature which has expired since then
still verifies when the record is checked years later.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from gateway.mail.authenticity.answers import Lookup
from gateway.mail.authenticity.canonical_form import Signed, header_form, without_signature
from gateway.mail.authenticity.keys import Key, NoKey, key_at
from gateway.mail.authenticity.tags import TagError, listed, packed, tags_of
from gateway.mail.authenticity.verdicts import Signature

CHECKED_MAX = 10  # signatures of a message that are checked; honest mail has two or three
NAMED_MAX = 50  # signatures that are listed at all
ALGORITHMS = frozenset({"rsa-sha256", "ed25519-sha256"})
_FORMS = frozenset({"simple", "relaxed"})
_FIELD_MAX = 16 * 1024
_NAMES_MAX = 300  # in h=
_SLACK_S = 3600  # clocks differ


def signatures_of(signed: Signed, lookup: Lookup, at: datetime) -> tuple[Signature, ...]:
    """Return every signature, the topmost first; beyond the first ten they are only named."""
    fields = signed.of("dkim-signature")
    if signed.too_large and fields:
        return (Signature(result="policy", reason="the header is too large to be checked"),)
    checked = [_checked(signed, field, lookup, at) for field in fields[:CHECKED_MAX]]
    rest = len(fields) - len(checked)
    reason = f"only the first {CHECKED_MAX} signatures are checked"
    checked.extend(
        Signature(result="policy", reason=reason) for _ in range(min(rest, NAMED_MAX - CHECKED_MAX))
    )
    return tuple(checked)


def covered(signed: Signed, names: Iterable[str], field: bytes, forms: tuple[str, str]) -> bytes:
    """Return the octets that a message signature is made over: the fields it names, then itself without ``b=``."""
    form = forms[0]
    parts = [header_form(one, form) for one in signed.chosen(names)]
    parts.append(without_signature(header_form(field, form)))
    return b"".join(parts)


def forms_of(canonical: str) -> tuple[str, str] | None:
    """Return the canonical forms of header and body that ``c=`` names.

    >>> forms_of("relaxed"), forms_of("relaxed/relaxed"), forms_of("nowsp")
    (('relaxed', 'simple'), ('relaxed', 'relaxed'), None)
    """
    header, _, body = canonical.lower().partition("/")
    forms = (header.strip(), body.strip() or "simple")
    return forms if _FORMS.issuperset(forms) else None


def decoded(text: str) -> bytes | None:
    """Return what base64 says, or None where it is none."""
    try:
        return base64.b64decode(packed(text), validate=True)
    except (binascii.Error, ValueError):
        return None


def text_of(field: bytes) -> str:
    return field.partition(b":")[2].decode("utf-8", "replace")


def _checked(signed: Signed, field: bytes, lookup: Lookup, at: datetime) -> Signature:
    if len(field) > _FIELD_MAX:
        return Signature(result="permerror", reason="the signature's field is too large")
    try:
        tags = tags_of(text_of(field))
    except TagError as wrong:
        return Signature(result="permerror", reason=f"the signature cannot be read: {wrong}")
    length = tags.get("l", "")
    said = Signature(
        result="permerror",
        domain=tags.get("d", "")[:253].lower(),
        selector=tags.get("s", "")[:253],
        identity=packed(tags.get("i", ""))[:320],
        algorithm=tags.get("a", "")[:40].lower(),
        canonical=packed(tags.get("c", "simple/simple"))[:40].lower(),
        headers=listed(tags.get("h", ""))[:_NAMES_MAX],
        body_length=int(length) if length.isdecimal() and length.isascii() and len(length) <= 12 else None,
    )
    fault = _malformed(tags, said)
    if fault:
        return replace(said, reason=fault)
    if said.algorithm == "rsa-sha1":
        return replace(said, result="policy", reason="it is made with SHA-1, which proves nothing any more")
    if tags.get("x", "").isdecimal() and int(tags["x"][:18]) < at.timestamp() - _SLACK_S:
        return replace(said, result="fail", reason="the signature had expired when the message came")
    try:
        key = key_at(said.selector, said.domain, said.algorithm, lookup)
    except NoKey as missing:
        return replace(said, result=missing.result, reason=missing.reason)
    return _verified(signed, field, tags, replace(said, key_bits=key.bits, testing=key.testing), key)


def _verified(signed: Signed, field: bytes, tags: dict[str, str], said: Signature, key: Key) -> Signature:
    forms = forms_of(said.canonical) or ("simple", "simple")
    if key.strict and said.identity and said.identity.rpartition("@")[2].lower() != said.domain:
        return replace(said, reason="the key allows no identity below its domain")
    if signed.body_digest(forms[1], said.body_length) != decoded(tags["bh"]):
        return replace(said, result="fail", reason="the body is not the one that was signed")
    if not key.verifies(decoded(tags["b"]) or b"", covered(signed, said.headers, field, forms)):
        return replace(said, result="fail", reason="the header is not the one that was signed")
    if said.body_length is not None:
        unsigned = signed.body_length(forms[1]) - said.body_length
        if unsigned > 0:
            reason = f"the last {unsigned} bytes of the body are not covered: anyone may have written them"
            return replace(said, result="policy", reason=reason)
    return replace(said, result="pass")


def _malformed(tags: dict[str, str], said: Signature) -> str:
    """Return what is wrong with a signature's own text, or an empty string."""
    missing = [tag for tag in ("v", "a", "b", "bh", "d", "h", "s") if not tags.get(tag)]
    if missing:
        return f"the signature lacks {missing[0]}="
    if tags["v"] != "1":
        return "the signature is of an unknown version"
    if said.algorithm not in ALGORITHMS and said.algorithm != "rsa-sha1":
        return f"the algorithm {said.algorithm!r} is not known"
    if forms_of(said.canonical) is None:
        return f"the canonical form {said.canonical!r} is not known"
    if "q" in tags and "dns/txt" not in listed(tags["q"]):
        return "the key is not in DNS"
    if decoded(tags["b"]) is None or decoded(tags["bh"]) is None:
        return "the signature is not in base64"
    if "from" not in said.headers or tags["h"].count(":") >= _NAMES_MAX:
        return (
            "it does not cover the From field" if "from" not in said.headers else "it names too many fields"
        )
    if "l" in tags and said.body_length is None:
        return "its l= is no number"
    if any(tag in tags and not tags[tag].isdecimal() for tag in ("x", "t")):
        return "its time is no number"
    return "" if _within(said.identity, said.domain) else "its i= is not within its d="


def _within(identity: str, domain: str) -> bool:
    at = identity.rpartition("@")[2].lower()
    return not identity or at == domain or at.endswith("." + domain)
