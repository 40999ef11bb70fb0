"""Sealed sentences in the reader's language: those of ours are known again by their templates, all others stay as they were sealed.

The log speaks English and stays as it is; this is for pages alone. A sentence is clauses, joined as the rules joined them. What
others wrote stands in a template's places and is passed on untouched. Where one clause is unknown, nothing is translated: half a
translation could say what was never sealed.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from gateway import tongue
from gateway.tongue import marked
from gateway.web import words
from gateway.web.sealed import decided, judged, logged
from rules.patterns import Pattern, compile_pattern, searchable

_LONGEST = 8000  # characters of a sentence that is looked at
_DEEPEST = 5  # sentences within sentences
_CLAUSES = 60  # of one sentence
_RUN = 10  # clauses that one template may hold, since separators stand in places too
_WIDE = frozenset({"text", "said", "held", "list", "people"})  # places that may hold separators
SENTENCES = (*decided.SENTENCES, *judged.SENTENCES, *logged.SENTENCES)
_PLACE = re.compile(r"%\(([a-z]+)[0-9]?\)s")
_MORE = re.compile("(.+) and ([0-9]+) more")
_JOINT = re.compile(r"“[^”]*”?|(; |, )")


class _Template(NamedTuple):
    text: str
    places: tuple[str, ...]
    head: str  # what a sentence must begin with, hold and end with, which is quicker to see than the rest
    core: str
    tail: str
    joints: int  # between the clauses that it is itself
    wide: bool  # more may stand in its places
    pattern: Pattern


def retold(sentence: str) -> str:
    """Return a sealed sentence in the language of this request; one that is not ours throughout is returned as it is."""
    if tongue.spoken() == "en" or not sentence or len(sentence) > _LONGEST:
        return sentence
    return _told(sentence, 0) or sentence


def _told(text: str, depth: int) -> str | None:
    """Put clauses together from the end: of each place the longest run that is known and leaves a rest that is known."""
    if depth > _DEEPEST:
        return None
    cuts = [match.span() for match in _JOINT.finditer(text) if match[1]]
    if len(cuts) >= _CLAUSES:
        return None
    starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(text)]
    count = len(starts)
    rest: list[str | None] = [None] * count + [""]
    for first in reversed(range(count)):
        for last in _runs(first, count):
            after = rest[last + 1]
            if after is None:
                continue
            said = _clause(text[starts[first] : ends[last]], last - first, depth)
            if said is not None:
                joint = _joint(text[ends[last] : starts[last + 1]]) if last + 1 < count else ""
                rest[first] = said + joint + after
                break
    return rest[0]


def _joint(mark: str) -> str:
    """Return a mark between clauses as the language sets it."""
    return f"\N{NO-BREAK SPACE}{mark}" if mark == "; " and tongue.spoken() == "fr" else mark


def _runs(first: int, count: int) -> Iterator[int]:
    """Yield where a run may end, the longest first: the whole rest, else a few clauses."""
    if first + _RUN < count:
        yield count - 1
    yield from reversed(range(first, min(first + _RUN, count)))


def _clause(text: str, joints: int, depth: int) -> str | None:
    if text in _exact():
        return tongue._(text)
    for one in _templates(joints):
        if text.startswith(one.head) and text.endswith(one.tail) and one.core in text:
            found = one.pattern.fullmatch(searchable(text))
            if found is None:
                continue
            places = {}
            for number, name in enumerate(one.places, 1):
                start, end = found.span(number)
                value = _KINDS[name.rstrip("2")][1](text[start:end], depth + 1)
                if value is None:
                    break
                places[name] = value
            else:
                return tongue._(one.text) % places
    return None


@cache
def _exact() -> frozenset[str]:
    return frozenset(one for one in SENTENCES if "%(" not in one)


@cache
def _every() -> tuple[_Template, ...]:
    return tuple(_compiled(one) for one in SENTENCES if "%(" in one)


@cache
def _templates(joints: int) -> tuple[_Template, ...]:
    """Return the templates that a run with so many joints may be, in the order in which they are tried."""
    return tuple(one for one in _every() if one.joints == joints or (one.wide and one.joints < joints))


def _compiled(text: str) -> _Template:
    """Make a pattern of a template: RE2 takes a time that grows with the sentence only, whatever strangers wrote into it."""
    pieces = _PLACE.split(text)
    pattern = "".join(
        f"({_KINDS[piece][0]})" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)
    )
    return _Template(
        text=text,
        places=tuple(match[0][2:-2] for match in _PLACE.finditer(text)),
        head=pieces[0],
        core=max(pieces[::2], key=len),
        tail=pieces[-1],
        joints=sum(1 for match in _JOINT.finditer(text) if match[1]),
        wide=not _WIDE.isdisjoint(pieces[1::2]),
        pattern=compile_pattern(f"(?s-i){pattern}", where=text),
    )


def _as_it_is(value: str, _depth: int) -> str | None:
    return value


def _listed(value: str, _depth: int) -> str | None:
    more = _MORE.fullmatch(value)
    if more is None:
        return value
    return f"{more[1]} {tongue._(marked('and %(count)s more')) % {'count': more[2]}}"


def _known_or_not(value: str, depth: int) -> str | None:
    return _told(value, depth) or value


def _named(value: str, _depth: int) -> str | None:
    return words.named(value)


def _kind(value: str, _depth: int) -> str | None:
    name = value.replace(" ", "_")
    return words.words(name) if words.is_kind(name) else None


# What may stand in a place, by the place's name without its number, and what becomes of it.
_KINDS: dict[str, tuple[str, Callable[[str, int], str | None]]] = {
    "value": ("[^“”]*", _as_it_is),  # between quotation marks
    "quoted": ("“[^“”]*”(?:, “[^“”]*”)*", _as_it_is),
    "num": ("[0-9][0-9.e+]*", _as_it_is),
    "who": (r"[^\s“”;,()]+", _as_it_is),  # an address, an agent, a number
    "word": (r"[^\s“”;,()]+", _as_it_is),
    "market": ("[a-z0-9-]+", _as_it_is),
    "name": ("[^“”;,]+?", _as_it_is),
    "list": ("[^“”;]+?", _listed),
    "people": (r"[^\s“”;:,]+(?:, [^\s“”;:,]+)*", _as_it_is),
    "text": (".+", _as_it_is),  # to the end, whatever it is
    "said": (".+", _told),
    "clause": ("[^“”;,]+", _told),
    "held": (".*", _known_or_not),
    "sure": ("certain|likely|possible", _named),
    "method": ("stated|thread|alias|parcel|customer|drop|rule|hand", _named),
    "kind": ("[a-z]+(?: [a-z]+)*", _kind),
    "clock": ("[a-z]+(?:_[a-z]+)*", _kind),
    "filed": ("carrier-page|proof-of-delivery|photo|chat|invoice|other", lambda value, _: words.words(value)),
    "number": ("[a-z]+", _kind),
}
