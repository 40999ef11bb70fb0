"""Address fields (RFC 5322 section 3.4) as strangers write them: one pass, no recursion, nothing thrown away."""

import re

from gateway.mail.charset import decode_text
from gateway.mail.fields import CONTROL, FOLD, decode_field
from gateway.mail.message import Address

_FIELD_MAX = 4_000_000
_ADDRESSES_MAX = 10_000
_SPEC = r"[^\s<>@,;:()\\\"\[\]]{1,128}@[^\s<>@,;:()\\\"\[\]]{1,255}"
_SIMPLE = re.compile(rf"\s*(?:\"([^\"\\]*)\"|([^\"<>@,;:()\\\[\]]*))\s*<({_SPEC})>\s*")
_BARE = re.compile(_SPEC)
_TOKEN = re.compile(
    r"\"(?:[^\"\\]++|\\.)*\"?|\[[^\[\]\\<>,]*\]?|\\.?|[()<>,;:\]]|[^\"\[\]()<>,;:\\]+", re.DOTALL
)


def addresses(values: list[str]) -> tuple[Address, ...]:
    """Return the addresses of fields, groups opened, names decoded; at most 10,000.

    What cannot be understood as an address is kept as it stands, in ``address``, rather than lost.
    """
    found: list[Address] = []
    for value in values:
        flat = FOLD.sub("", value[:_FIELD_MAX])
        if not flat.isascii():
            flat = decode_text(flat.encode("utf-8", "surrogateescape"), "")[0]
        simple = _SIMPLE.fullmatch(flat)
        if simple is not None:
            found.append(Address(name=decode_field(simple[1] or simple[2] or ""), address=simple[3]))
        elif flat.strip():
            found.extend(_Reader(_ADDRESSES_MAX - len(found)).read(flat))
        if len(found) >= _ADDRESSES_MAX:
            break
    return tuple(found[:_ADDRESSES_MAX])


class _Reader:
    """One field's members, token by token."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.found: list[Address] = []
        self.before = ""  # "Doe" of an unquoted `Doe, Jane <jane@example.com>`
        self.clear()

    def clear(self) -> None:
        self.phrase: list[str] = []
        self.angle: list[str] = []
        self.comment: list[str] = []
        self.in_angle = self.has_at = False

    def ends(self) -> str:
        """Return what ends a member here: in angle brackets only a comma does, and not in a source route."""
        if not self.in_angle:
            return ",;"
        return "" if self.angle and self.angle[0].startswith("@") else ","

    def read(self, value: str) -> list[Address]:
        depth = 0
        for match in _TOKEN.finditer(value):
            piece = match[0]
            if piece in "()":
                depth = max(0, depth + (1 if piece == "(" else -1))
            elif depth:
                self.comment.append(piece)
            elif piece == "<":
                self.in_angle = True
            elif piece == ">":
                self.in_angle = False
            elif piece in self.ends():
                self.emit()
            elif piece == ":" and not self.in_angle and not self.has_at:
                self.clear()  # a group's name
                self.before = ""
            else:
                (self.angle if self.in_angle else self.phrase).append(piece)
                self.has_at = self.has_at or "@" in piece
            if len(self.found) >= self.room:
                return self.found
        if depth:  # a comment that never ends is none
            self.phrase += [" ", *self.comment]
            self.comment = []
        self.emit()
        self.keep()
        return self.found

    def emit(self) -> None:
        """Close a member of the list."""
        phrase, angle = "".join(self.phrase).strip(), "".join(self.angle).strip()
        comment = "".join(self.comment).strip()
        self.clear()
        if angle.startswith("@"):
            angle = angle.partition(":")[2].strip() or angle  # RFC 5322 section 4.4: a source route
        if angle:
            name = f"{self.before}, {phrase}" if self.before else phrase
            self.add(name or comment, angle)
        elif "@" in phrase:
            self.keep()
            bare = _BARE.search(phrase)
            whole = phrase if bare is None or phrase.startswith('"') else bare[0]
            self.add((phrase.replace(whole, "", 1).strip() or comment) if whole != phrase else comment, whole)
        elif phrase:
            self.keep()
            self.before = phrase

    def keep(self) -> None:
        """Keep what stood before a comma and belongs to nobody."""
        if rest := _clean(self.before)[:998]:
            self.found.append(Address(name="", address=rest))
        self.before = ""

    def add(self, name: str, address: str) -> None:
        self.before = ""
        found = Address(name=decode_field(_unquoted(name)), address=_clean(address))
        if found.name or found.address:
            self.found.append(found)


def _unquoted(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name.replace('"', "") if "\\" not in name else _inside(name))


def _inside(name: str) -> str:
    """Drop quotation marks but not those behind a backslash."""
    return re.sub(r"(\\.)|\"", lambda match: match[1] or "", name)


def _clean(address: str) -> str:
    return CONTROL.sub("", address).strip()
