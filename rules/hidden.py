"""What HTML keeps from the reader's eyes: read all the same, but weaker, since nobody who wrote or read it saw it."""

import re
from itertools import islice

_LOOK = 400_000  # characters of HTML that are looked at
_TAGS_MAX = 50_000
_SPANS_MAX = 200
_WORDS = ("display", "visibility", "mso-hide", "opacity")  # most HTML has none, and is spared the patterns
_MENTION = re.compile(r"display\s{0,9}:|visibility\s{0,9}:|mso-hide\s{0,9}:|opacity\s{0,9}:", re.IGNORECASE)
# Not a font size of 0: templates set it around text that has one of its own.
_HIDES = re.compile(
    r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|mso-hide\s{0,9}:\s{0,9}all"
    r"|(?<![-\w])opacity\s{0,9}:\s{0,9}0(?:\.0{1,9})?(?![.\d])",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})([^<>]{0,4000})>")
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
)
_WHOLE = frozenset(
    ("html", "body", "style")
)  # a style sheet says it of others; a page that hides all of itself shows it


def hidden_in(source: str) -> list[tuple[int, int]]:
    """Return the spans of elements whose own style hides them, in order; one that is never closed hides the rest."""
    source = source[:_LOOK]
    folded = source.casefold()
    if not any(word in folded for word in _WORDS) or _MENTION.search(source) is None:
        return []
    spans: list[tuple[int, int]] = []
    start, name, depth = -1, "", 0
    for tag in islice(_TAG.finditer(source), _TAGS_MAX):
        this = tag.group(2).lower()
        if this in _VOID:
            continue
        if start >= 0:
            if this == name:
                depth += -1 if tag.group(1) else 1
                if not depth:
                    spans.append((start, tag.end()))
                    start = -1
                    if len(spans) == _SPANS_MAX:
                        break
        elif not tag.group(1) and this not in _WHOLE and _HIDES.search(tag.group(3)):
            start, name, depth = tag.start(), this, 1
    if start >= 0:
        spans.append((start, len(source)))
    return spans
