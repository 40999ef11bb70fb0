"""Which word announces a number: an order's, or another thing's."""

import re

from rules.compiled import Words
from rules.parts import Part
from rules.patterns import Pattern

_BEFORE = 48  # characters before a number in which its label is looked for
_CLOSE = 32  # ... and before one that is nothing but digits
_NUMBER = re.compile(r"[0-9]{5,}[0-9A-Za-z-]*")
_LINK_REACH = 300
_MARKS = " :#.\r\n\t-"  # what stands between most labels and their numbers
_LINK_LABEL = re.compile(
    r"((?:order|bestell|commande|pedido|ordine)[a-z]{0,8}[-_]?(?:id|no|nr|number|ref|v[0-9])?)"
    r"(?:/[a-z]{1,12})?(?:=|/|:|%3D|%2F|%3A){1,3}$",
    re.IGNORECASE,
)


def announced(part: Part, start: int, words: Words, *, plain: bool) -> tuple[str, str, bool]:
    """Return the word that calls the number at ``start`` an order, the one that calls it something else, and "in a link".

    At most one of the words is set.
    """
    text = part.readable.text
    link = _link_before(part, text, start)
    if link is not None:
        return _link_label(link), "", True
    return *_label(text, start, words, plain=plain), False


def _link_before(part: Part, text: str, start: int) -> str | None:
    """Return what stands before a place in the link it is part of, or None where it stands in no link."""
    if part.kind == "link":
        return text[max(0, start - _LINK_REACH) : start]
    before = text[max(0, start - _LINK_REACH) : start]
    if "://" not in before and "www." not in before:
        return None
    token = before[max(before.rfind(space) for space in " \t\r\n<\"'") + 1 :]
    return token if "://" in token or token.startswith("www.") else None


def _link_label(before: str) -> str:
    """Return the order's name right before it in a link; without one it may be a session or anything."""
    found = _LINK_LABEL.search(before)
    return "" if found is None else found.group(1)


def _label(text: str, start: int, words: Words, *, plain: bool) -> tuple[str, str]:
    """Return the word that announces a number as an order, or as something else; the nearest one wins."""
    before = text[max(0, start - (_CLOSE if plain else _BEFORE)) : start]
    # A label belongs to the first number after it.
    before = _NUMBER.split(before)[-1]
    said = words.announcing.found_in(before)
    label, label_at = _last(words.order_label, before) if 0 in said else ("", -1)
    foreign, foreign_at = _last(words.other_label, before) if 1 in said else ("", -1)
    if label_at < foreign_at:
        return "", foreign
    if plain and label and _stray(before[label_at + len(label) :], words):
        return "", ""
    return label, ""


def _stray(between: str, words: Words) -> bool:
    """Tell whether other words than a label's usual company stand between it and a number of nothing but digits."""
    if not between.strip(_MARKS):
        return False
    company = (
        () if words.between is None else tuple(match.span() for match in words.between.finditer(between))
    )
    return any(
        letter.isalpha() and letter not in "ºª" and not any(start <= at < end for start, end in company)
        for at, letter in enumerate(between)
    )


def _last(pattern: Pattern | None, text: str) -> tuple[str, int]:
    if pattern is None:
        return "", -1
    last = None
    for last in pattern.finditer(text):  # noqa: B007 - the last one is wanted
        pass
    if last is None:
        return "", -1
    end = last.end()
    while end < len(text) and text[end].isalpha():  # "Bestell" stands in "Bestellnummer": show the word
        end += 1
    return text[last.start() : end], last.start()
