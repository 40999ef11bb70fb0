"""Errands: what an agent asks Docket to do by writing to it: ``note+REF@...``, ``order+REF@...``, ``tag+NAME@...``."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rules.marketplace import Marketplaces
from rules.parts import Part
from rules.quotes import Quotes
from rules.readable import readable

TAG = re.compile(r"[\w.:/-]{1,64}")
_TAGS = re.compile(r"#[^\s#]+(?:[ \t]+#[^\s#]+)*")
_ORDER = re.compile(r"#order[ \t]+(\S{1,100})", re.IGNORECASE)
_NOTE = re.compile(r"\[note\][ \t]*(.*)", re.IGNORECASE)
_REF_CHARS = 100
_NOTE_CHARS = 20_000
_ERRANDS_MAX = 20
_LOOK = 200_000  # characters that are looked at
_HOW = "write to note+ORDER@{0}, order+ORDER@{0}, tag+NAME@{0}, or to docket@{0} with lines such as #refund or [note] text"


class NoErrand(ValueError):
    """A mail to Docket does not say what it should do; the words are for the agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One act that is asked for. ``ref`` is an order as it was written, ``marketplace=NUMBER`` or the number alone; "" is none."""

    kind: Literal["note", "order", "tag"]
    ref: str = ""
    text: str = ""  # of the note
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrandAddress:
    """``domain`` is Docket's own, of which no mail ever leaves; "" is none."""

    domain: str = ""

    def holds(self, address: str) -> bool:
        """Tell whether an address is one of Docket's own.

        >>> ErrandAddress(domain="docket.local").holds("Note+1@DOCKET.local")
        True
        """
        _, at, domain = address.rpartition("@")
        return bool(at and domain) and domain.lower() == self.domain.lower()

    def errands_of(self, recipients: Iterable[str], own: str) -> tuple[Errand, ...]:
        """Return what a mail to these addresses, whose own words are ``own``, asks for; raises NoErrand where that is unclear."""
        found: dict[Errand, None] = {}
        for address in recipients:
            found.update(dict.fromkeys(self._of(address, own.strip())))
            if len(found) > _ERRANDS_MAX:
                raise NoErrand(f"this mail asks for more than {_ERRANDS_MAX} acts; send several")
        return tuple(found)

    def _of(self, address: str, own: str) -> Iterable[Errand]:
        name, _, value = address.rpartition("@")[0].strip('"').partition("+")
        value = value.strip()
        if len(value) > _REF_CHARS or not (value.isprintable() or not value):
            raise NoErrand(f"what stands behind the + of {name[:20]}+...@{self.domain} is too long")
        match name.lower():
            case "note":
                return (Errand(kind="note", ref=value, text=_note(own)),)
            case "order" if value:
                return (Errand(kind="order", ref=value),)
            case "tag" if value:
                return (Errand(kind="tag", tag=_tag(value)),)
            case "docket" if not value:
                return self._lines(own)
        raise NoErrand(f"{address[:100]} is no address of Docket's; {_HOW.format(self.domain)}")

    def _lines(self, own: str) -> tuple[Errand, ...]:
        """Read a mail to Docket alone, line by line; what follows ``[note]`` belongs to the note up to the next such line."""
        found: list[Errand] = []
        note: list[str] | None = None
        for line in [*own.split("\n"), "#"]:
            words = line.strip()
            said, starts = _NOTE.fullmatch(words), words.startswith("#")
            if note is not None and (said or starts):
                found.append(Errand(kind="note", text=_note("\n".join(note).strip())))
                note = None
            if said:
                note = [said[1]]
            elif note is not None:
                note.append(line.rstrip())
            elif order := _ORDER.fullmatch(words):
                found.append(Errand(kind="order", ref=order[1]))
            elif starts and words != "#":
                if not _TAGS.fullmatch(words):
                    raise NoErrand(f"the line {words[:60]!r} is no list of tags; write #NAME #NAME")
                found.extend(Errand(kind="tag", tag=_tag(word[1:])) for word in words.split())
        if not found:
            raise NoErrand(f"this mail does not say what to do; {_HOW.format(self.domain)}")
        return tuple(found)


NO_ERRANDS = ErrandAddress()


def own_lines(marketplaces: Marketplaces, text: str) -> str:
    """Return what the writer says in ``text``, as it was written: without what is quoted, and without the signature."""
    part = Part("text", text[:_LOOK], readable(text[:_LOOK]))
    quotes = Quotes(part, marketplaces.words, None, outbound=True)
    lines, at = [], 0
    for line in part.readable.text.splitlines(keepends=True):
        if line.rstrip("\r\n") in {"-- ", "--"}:
            break
        if not quotes.holds(at):
            start, end = part.readable.span(at, at + len(line))
            lines.append(part.original[start:end].rstrip("\r\n"))
        at += len(line)
    return "\n".join(lines).strip()


def _note(text: str) -> str:
    if not text:
        raise NoErrand("the note is empty; write it above what you quote")
    if len(text) > _NOTE_CHARS:
        raise NoErrand(f"a note may be {_NOTE_CHARS} characters long")
    return text


def _tag(name: str) -> str:
    if not TAG.fullmatch(name):
        raise NoErrand(f"{name[:64]!r} is no tag; a tag is one word of letters, digits and - . : / _")
    return name.lower()
