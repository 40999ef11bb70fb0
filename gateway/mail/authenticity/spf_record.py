"""An SPF record read into its terms (RFC 7208 section 4.6 and 12); a fault anywhere makes the whole record void."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

Name = Literal["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"]
Qualified = Literal["pass", "fail", "softfail", "neutral"]

_TERMS_MAX = 256
_QUALIFIERS: dict[str, Qualified] = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral", "": "pass"}
_NAMES: dict[str, Name] = {
    "all": "all",
    "include": "include",
    "a": "a",
    "mx": "mx",
    "ptr": "ptr",
    "ip4": "ip4",
    "ip6": "ip6",
    "exists": "exists",
}
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)")
_MECHANISM = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9]*)(?::(.*?))?((?:/[0-9]+)?(?://[0-9]+)?)")
_MACROS = re.compile(r"(?:[!-$&-~]|%%|%_|%-|%\{[slodiphvSLODIPHV][0-9]*[rR]?[.+,/_=-]*\})*")
_TEXT_MACROS = re.compile(r"(?:[!-$&-~]|%%|%_|%-|%\{[slodiphcrtvSLODIPHCRTV][0-9]*[rR]?[.+,/_=-]*\})*")
_END = re.compile(
    r"(?:.*%\{[^}]*\}|.*\.(?:[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9-]*[A-Za-z0-9])\.?)"
)
_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")
_QUAD = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})(?:/(?:0|[1-9][0-9]?))?")


class RecordError(ValueError):
    """The record, or what it asks for, is against the rules: ``permerror``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """One test of the sender, and what a match means. ``spec`` is a domain with macros, "" for the domain itself."""

    result: Qualified
    name: Name
    spec: str = ""
    bits4: int = 32
    bits6: int = 128
    network: IPv4Network | IPv6Network | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    mechanisms: tuple[Mechanism, ...] = ()
    redirect: str = ""


def record_of(text: str) -> Record:
    """Return a record's terms; raises RecordError.

    >>> [one.name for one in record_of("v=spf1 mx -all").mechanisms]
    ['mx', 'all']
    """
    terms = [term for term in text.split(" ")[1:] if term]
    if len(terms) > _TERMS_MAX:
        raise RecordError("the record has too many terms")
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in terms:
        modifier = _MODIFIER.fullmatch(term)
        if modifier is None:
            mechanisms.append(_mechanism(term))
            continue
        name, value = modifier[1].lower(), modifier[2]
        if name in {"redirect", "exp"}:
            if name in modifiers:
                raise RecordError(f"{name}= stands there twice")
            modifiers[name] = _domain_spec(value)
        elif not _TEXT_MACROS.fullmatch(value):
            raise RecordError(f"the modifier {name}= cannot be read")
    return Record(mechanisms=tuple(mechanisms), redirect=modifiers.get("redirect", ""))


def _mechanism(term: str) -> Mechanism:
    found = _MECHANISM.fullmatch(term)
    name = _NAMES.get(found[2].lower()) if found is not None else None
    if found is None or name is None:
        raise RecordError(f"{term[:60]!r} is no term of SPF")
    result, spec, lengths = _QUALIFIERS[found[1]], found[3], found[4]
    if name in {"ip4", "ip6"}:
        return Mechanism(result=result, name=name, network=_network(name, (spec or "") + lengths))
    if spec is not None:
        _domain_spec(spec)
    if (name == "all" and spec is not None) or (name in {"include", "exists"} and not spec):
        raise RecordError(f"{term[:60]!r} is not how {name} is written")
    if lengths and name not in {"a", "mx"}:
        raise RecordError(f"{name} has no prefix length")
    bits4, bits6 = _lengths(lengths)
    return Mechanism(result=result, name=name, spec=spec or "", bits4=bits4, bits6=bits6)


def _domain_spec(spec: str) -> str:
    if not _MACROS.fullmatch(spec) or not _END.fullmatch(spec):
        raise RecordError(f"{spec[:60]!r} is no domain")
    if any(int(digits) == 0 for digits in re.findall(r"%\{[A-Za-z]([0-9]+)", spec)):
        raise RecordError("a macro keeps no label at all")
    return spec


def _lengths(text: str) -> tuple[int, int]:
    four, _, six = text.partition("//")
    four = four.removeprefix("/")
    for bits, most in ((four, 32), (six, 128)):
        if bits and not (_LENGTH.fullmatch(bits) and int(bits) <= most):
            raise RecordError(f"{bits} is no prefix length")
    return int(four or 32), int(six or 128)


def _network(name: Name, text: str) -> IPv4Network | IPv6Network:
    try:
        if name == "ip4" and _QUAD.fullmatch(text):
            return IPv4Network(text, strict=False)
        if name == "ip6" and "%" not in text and not re.search(r"/(?:.*/|0[0-9]|$)", text):
            return IPv6Network(text, strict=False)
    except ValueError:
        pass
    raise RecordError(f"{text[:60]!r} is no network")
