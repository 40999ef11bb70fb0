"""Until when a notice wants an answer, as the mail itself says it: "within 3 calendar days", "bis zum 27.11.2026 08:41".

Terms that marketplaces document disagree with each other and with their mail; so what a mail states goes before any
table. Only a marketplace's own notices are read, only what is not quoted, and only in a sentence that speaks of an
answer: "you receive your refund within 5 days" is nobody's deadline. Nothing counts here; there is no clock on this floor.
"""

import re
from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

from rules.compiled import Words
from rules.facts import FoundTerm
from rules.parts import Part
from rules.quotes import Quotes

_TERMS_MAX = 10
_TRIES_MAX = 50
_LOOK = 40_000  # characters of a notice in which a term is looked for
_SENTENCE = 160  # characters before and after a term in which the word for an answer must stand
_END = re.compile(r"[.!?:](?=\s+[^\W\d_a-z]|\s*$)|\n\s*\n|[。！？]", re.MULTILINE)
_NUMERIC = re.compile(
    r"\W{0,4}(?:\w{2,12},? )?([0-9]{1,4})(?:[./-] ?|年 ?)([0-9]{1,2})(?:[./-] ?|月 ?)([0-9]{2,4})(?![0-9])"
)
_NAMED = re.compile(
    r"\W{0,4}(?:\w{2,12},? )?(?:the )?([0-9]{1,2})(?:\.|º|er|st|nd|rd|th)?[ .-]{1,2}(?:de )?(\w{3,12})\.?,?[ -]{1,2}(?:de )?([0-9]{4})"
)
_AMERICAN = re.compile(r"\W{0,4}(?:\w{2,12},? )?(\w{3,12})\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})")
_TIME = re.compile(r"[^\w\n]{0,3}(?:\w{1,4} )?([01]?[0-9]|2[0-3])[:h.]([0-5][0-9])(?![0-9])")
_HOURS_MAX = 24 * 400


def find_terms(part: Part, words: Words, quotes: Quotes) -> Iterator[FoundTerm]:
    """Yield the terms that one part of a notice states, in its order."""
    text = part.readable.text[:_LOOK]
    if words.answer is None or words.answer.search(text) is None:
        return
    found = sorted(_found(text, words), key=lambda one: (one[0], -one[1]))
    upto = 0
    for start, end, what in islice(found, _TERMS_MAX):
        if start < upto:  # "2 dias" stands in "2 dias úteis"
            continue
        upto = end
        if _speaks_of_an_answer(text, start, end, words) and not quotes.holds(start):
            span = part.readable.span(start, end)
            yield FoundTerm(words=" ".join(text[start:end].split()), where=part.where, span=span, **what)


def _found(text: str, words: Words) -> Iterator[tuple[int, int, dict[str, Any]]]:
    for field, pattern, factor in (
        ("hours", words.term_hours, 1),
        ("hours", words.term_days, 24),
        ("working_days", words.term_working_days, 1),
    ):
        for match in islice(pattern.finditer(text), _TRIES_MAX) if pattern is not None else ():
            number = _number(next((group for group in match.groups() if group), ""), words)
            if 0 < number * factor <= _HOURS_MAX:
                yield match.start(), match.end(), {field: number * factor}
    for match in islice(words.term_until.finditer(text), _TRIES_MAX) if words.term_until is not None else ():
        day = _day(text[match.end(1) : match.end(1) + 80], words)
        if day is not None:
            readings, length = day
            end = match.end(1) + length
            time = _TIME.match(text[end : end + 20])
            at = f"{int(time.group(1)):02}:{time.group(2)}" if time is not None else ""
            yield match.start(), end + (time.end() if time is not None else 0), {"until": readings, "at": at}


def _number(said: str, words: Words) -> int:
    return (
        int(said)
        if said.isascii() and said.isdigit() and len(said) < 5
        else words.numbers.get(said.lower(), 0)
    )


def _speaks_of_an_answer(text: str, start: int, end: int, words: Words) -> bool:
    before = text[max(0, start - _SENTENCE) : start]
    ends = list(_END.finditer(before))
    after = text[end : end + _SENTENCE]
    stop = _END.search(after)
    sentence = (
        before[ends[-1].end() if ends else 0 :] + text[start:end] + after[: stop.start() if stop else None]
    )
    return words.answer is not None and words.answer.search(sentence) is not None


def _day(text: str, words: Words) -> tuple[tuple[str, ...], int] | None:
    """Return the day at the head of a text, in each way it can be read, and how many characters say it."""
    if (match := _NUMERIC.match(text)) is not None:
        first, second, third = (int(group) for group in match.groups())
        if first > 31:
            readings = [(first, second, third)]
        else:
            year = third + 2000 if third < 100 else third
            readings = [(year, second, first)]
            if not re.search(r"[0-9]\.", match.group()):  # with dots the day always comes first
                readings.append((year, first, second))
    elif (match := _NAMED.match(text)) is not None:
        readings = [(int(match.group(3)), _month(match.group(2), words), int(match.group(1)))]
    elif (match := _AMERICAN.match(text)) is not None:
        readings = [(int(match.group(3)), _month(match.group(1), words), int(match.group(2)))]
    else:
        return None
    days = sorted({day for reading in readings if (day := _iso(*reading))})
    return (tuple(days), match.end()) if days else None


def _month(name: str, words: Words) -> int:
    return words.months.get(name.lower()) or words.months.get(name.lower()[:3], 0)


def _iso(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""
