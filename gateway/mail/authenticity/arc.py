"""ARC: the servers a message went through, each sealing what it had found when the message came in (RFC 8617).

A chain that holds proves only that these servers say so. Whether they are believed is the reader's choice: see ``check``.
"""

from dataclasses import dataclass

from gateway.mail.authenticity.answers import Lookup
from gateway.mail.authenticity.canonical_form import Signed, header_form, without_signature
from gateway.mail.authenticity.keys import NoKey, dns_name, key_at
from gateway.mail.authenticity.reported import told_by
from gateway.mail.authenticity.signatures import ALGORITHMS, covered, decoded, forms_of, text_of
from gateway.mail.authenticity.tags import TagError, listed, tags_of
from gateway.mail.authenticity.verdicts import Arc, Word

SETS_MAX = 50  # RFC 8617 section 4.2.1
_PARTS = ("arc-authentication-results", "arc-message-signature", "arc-seal")
_FIELD_MAX = 64 * 1024


class _Broken(Exception):
    """The chain does not hold; ``result`` is usually a failure, or that DNS gave no answer."""

    def __init__(self, reason: str, result: Word = "fail") -> None:
        super().__init__(reason)
        self.reason = reason
        self.result = result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    """One server's three fields, as they stand, and the tags of its signature and its seal."""

    fields: tuple[bytes, bytes, bytes]
    signature: dict[str, str]
    seal: dict[str, str]

    @property
    def sealer(self) -> str:
        return self.seal["d"].lower()


def arc_of(signed: Signed, lookup: Lookup) -> Arc:
    """Return whether the chain holds, who sealed it, and what its first sealer had found."""
    if not any(name in _PARTS for name, _ in signed.fields):
        return Arc()
    if signed.too_large:
        return Arc(result="policy", reason="the header is too large to be checked")
    sealers: tuple[str, ...] = ()
    try:
        sets = _sets(signed)
        sealers = tuple(one.sealer for one in sets)
        _hold(signed, sets, lookup)
    except _Broken as wrong:
        return Arc(result=wrong.result, sealers=sealers, reason=wrong.reason)
    if "from" not in listed(sets[-1].signature["h"]):
        return Arc(result="pass", sealers=sealers, reason="the last hop did not sign the From field")
    return Arc(result="pass", sealers=sealers, told=told_by(text_of(sets[0].fields[0]).partition(";")[2]))


def _sets(signed: Signed) -> list[_Set]:
    """Return the chain's sets in order; what RFC 8617 section 5.2 asks of their form is checked here."""
    found: dict[int, dict[str, bytes]] = {}
    for part in _PARTS:
        for field in signed.of(part):
            if len(field) > _FIELD_MAX:
                raise _Broken("a field of the chain is too large")
            number = _instance(part, text_of(field))
            if part in found.setdefault(number, {}):
                raise _Broken(f"{part} stands there twice for hop {number}")
            found[number][part] = field
            if len(found) > SETS_MAX:
                raise _Broken("the chain is longer than is allowed")
    if sorted(found) != list(range(1, len(found) + 1)):
        raise _Broken("the chain has a gap")
    sets = []
    for number in sorted(found):
        parts = found[number]
        if len(parts) != len(_PARTS):
            raise _Broken(f"hop {number} has not all its fields")
        fields = (parts[_PARTS[0]], parts[_PARTS[1]], parts[_PARTS[2]])
        one = _Set(fields=fields, signature=tags_of(text_of(fields[1])), seal=tags_of(text_of(fields[2])))
        _well_formed(one, number)
        sets.append(one)
    return sets


def _instance(part: str, text: str) -> int:
    if part == _PARTS[0]:
        tag, _, value = text.partition(";")[0].partition("=")
        number = value.strip() if tag.strip() == "i" else ""
    else:
        try:
            number = tags_of(text).get("i", "")
        except TagError as wrong:
            raise _Broken(f"{part} cannot be read: {wrong}") from None
    if not (number.isdecimal() and number.isascii() and len(number) <= 2 and 1 <= int(number) <= SETS_MAX):
        raise _Broken(f"{part} has no hop number")
    return int(number)


def _well_formed(one: _Set, number: int) -> None:
    for what, tags, needed in (
        ("signature", one.signature, ("a", "b", "bh", "d", "h", "s")),
        ("seal", one.seal, ("a", "b", "cv", "d", "s")),
    ):
        missing = [tag for tag in needed if not (tags.get(tag) or (tag == "h" and "h" in tags))]
        if missing:
            raise _Broken(f"the {what} of hop {number} lacks {missing[0]}=")
        if tags["a"] not in ALGORITHMS or decoded(tags["b"]) is None or not dns_name(tags["d"]):
            raise _Broken(f"the {what} of hop {number} cannot be read")
        if "t" in tags and not tags["t"].isdecimal():
            raise _Broken(f"the time in the {what} of hop {number} is no number")
    if "h" in one.seal:
        raise _Broken(f"the seal of hop {number} has an h=")
    if (
        "arc-seal" in listed(one.signature["h"])
        or forms_of(one.signature.get("c", "relaxed/relaxed")) is None
    ):
        raise _Broken(f"the signature of hop {number} is not as it has to be")
    if one.seal["cv"] != ("none" if number == 1 else "pass"):
        raise _Broken(f"hop {number} says that the chain did not hold when it came there")


def _hold(signed: Signed, sets: list[_Set], lookup: Lookup) -> None:
    """Check the newest signature and every seal; raises _Broken where one does not hold."""
    tags, field = sets[-1].signature, sets[-1].fields[1]
    forms = forms_of(tags.get("c", "relaxed/relaxed")) or ("relaxed", "relaxed")
    if signed.body_digest(forms[1], None) != decoded(tags["bh"]):
        raise _Broken("the body is not the one that the last hop signed")
    octets = covered(signed, listed(tags["h"]), field, forms)
    _verify(tags, octets, lookup, f"the signature of hop {len(sets)}")
    for number in range(len(sets), 0, -1):
        fields = [field for one in sets[:number] for field in one.fields]
        octets = b"".join(header_form(field, "relaxed") for field in fields[:-1])
        octets += without_signature(header_form(fields[-1], "relaxed"))
        _verify(sets[number - 1].seal, octets, lookup, f"the seal of hop {number}")


def _verify(tags: dict[str, str], octets: bytes, lookup: Lookup, what: str) -> None:
    try:
        key = key_at(tags["s"], tags["d"].lower(), tags["a"], lookup)
    except NoKey as missing:
        result: Word = "temperror" if missing.result == "temperror" else "fail"
        raise _Broken(f"{what}: {missing.reason}", result) from None
    if not key.verifies(decoded(tags["b"]) or b"", octets):
        raise _Broken(f"{what} does not verify")
