"""How deep HTML nests, told before it is parsed: an HTML5 parser's work grows with the square of it.

Fifty thousand open blocks cost it five seconds, and a thousand open bold tags are opened anew in every paragraph.
"""

import re
from html import unescape

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_FEW = 2000  # tags that cannot do harm, however they nest
_MANY = 200_000  # a tree of more takes hundreds of megabytes
_DEPTHS_MAX = 50_000_000  # the sum, over all tags, of how deep each stands
_REOPENED_MAX = 500_000
_VOID = frozenset(
    {"br", "img", "hr", "meta", "input", "link", "area", "base", "col", "embed", "source", "wbr"}
)
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
_SILENT = re.compile(r"(?is)<(script|style|title|template)\b[^<>]*+>.*?(?=</\1|\Z)")
_MARKUP = re.compile(r"(?s)<!--.*?(?:-->|\Z)|<[^<>]*+>")


def nests_too_deep(html: str) -> bool:
    """Say whether a parser would spend seconds or hundreds of megabytes on it."""
    tags = html.count("<")
    if not _FEW < tags < _MANY:
        return tags >= _MANY
    open_: dict[str, int] = {}
    depth = depths = formatting = reopened = 0
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if name in _VOID:
            continue
        step = -1 if match[1] else 1
        if step < 0 and not open_.get(name):
            continue  # closes nothing
        open_[name] = open_.get(name, 0) + step
        depth += step
        depths += depth
        if name in _FORMATTING:
            formatting += step
        elif step > 0:
            reopened += formatting
        if depths > _DEPTHS_MAX or reopened > _REOPENED_MAX:
            return True
    return False


def stripped(html: str) -> str:
    """Return the text of HTML by taking its markup out, without a tree: poorer in lines, but never slow."""
    return unescape(_MARKUP.sub("\n", _SILENT.sub("", html))).strip()
