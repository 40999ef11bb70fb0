"""All carriers at once: whose number a chunk could be, whose name stands in a text, whose domain a link leads to."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import re2

from rules.checks import passes
from rules.compiled import Carrier, CompiledParcel
from rules.patterns import any_of

_MENTIONS_MAX = 2000
_REMEMBERED = 1024  # chunks whose shapes are known from the last time
_SET_BYTES = 64 << 20  # for the automaton of all shapes together; it is built as it is needed


@dataclass(frozen=True, slots=True)
class Claim:
    """One carrier's shape that a chunk has."""

    carrier: Carrier
    compiled: CompiledParcel

    @property
    def checked(self) -> bool:
        """Whether a check digit is part of the shape."""
        return bool(self.compiled.shape.check)

    @property
    def rank(self) -> tuple[bool, bool]:
        """How much the shape says: the more specific claim wins."""
        return self.compiled.literal, self.checked

    def holds(self, value: str) -> bool:
        """Tell whether the check digit of a chunk with this shape, where it has one, is right."""
        if self.compiled.part_is_checked:
            value = self.compiled.pattern.fullmatch(value)["checked"]
        return passes(value.replace("-", ""), self.compiled.shape.check)


@dataclass(frozen=True, slots=True)
class Mention:
    """A carrier's name in a text."""

    start: int
    end: int
    carriers: frozenset[str]


class Fleet:
    """The carriers of the data files, made ready for asking all of them together."""

    def __init__(self, carriers: Mapping[str, Carrier]) -> None:
        self._claims = [Claim(carrier, one) for carrier in carriers.values() for one in carrier.numbers]
        options = re2.Options()
        options.case_sensitive = False
        options.max_mem = _SET_BYTES
        self._set = re2.Set.FullMatchSet(options)
        for claim in self._claims:
            self._set.Add(claim.compiled.shape.pattern)
        self._set.Compile()
        self.claims = lru_cache(maxsize=_REMEMBERED)(
            self._look
        )  # a mail says a number in text, HTML and subject
        self._named: dict[str, set[str]] = {}
        self._domains: dict[str, str] = {}
        for carrier in carriers.values():
            for name in carrier.file.brand:
                self._named.setdefault(name.casefold(), set()).add(carrier.name)
            for domain in carrier.file.domains:
                self._domains[domain.lower()] = carrier.name
        names = sorted(self._named, key=lambda name: (-len(name), name))
        self._names = any_of(names, where="the carriers' names", whole=True)

    def _look(self, value: str) -> tuple[Claim, ...]:
        """Return the shapes that a chunk has; its check digit is not looked at yet."""
        return tuple(self._claims[place] for place in self._set.Match(value) or ()) if self._claims else ()

    def mentions(self, text: str) -> list[Mention]:
        """Return where carriers are named, in order."""
        found: list[Mention] = []
        if self._names is None:
            return found
        for match in self._names.finditer(text):
            names = self._named.get(match.group().casefold(), ())
            found.append(Mention(match.start(), match.end(), frozenset(names)))
            if len(found) == _MENTIONS_MAX:
                break
        return found

    def of_host(self, host: str) -> str:
        """Return the carrier whose domain a host is in, or ""."""
        labels = host.lower().strip(".").split(".")[-6:]
        for at in range(len(labels) - 1):
            carrier = self._domains.get(".".join(labels[at:]))
            if carrier is not None:
                return carrier
        return ""
