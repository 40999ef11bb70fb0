"""How tangled HTML is, told before it is parsed: an HTML5 parser's work grows with the square of how deep it nests.

Fifty thousand open blocks cost it five seconds, a thousand open bold tags are opened anew in every paragraph, and each
attribute of a tag is compared with all before it. Who builds mail for it can deceive this look, as it reads no HTML
itself: where that would cost more than time, a child process with limits does the parsing.
"""

import re
from html import unescape

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_FEW = 2000  # tags that cannot do harm, however they nest
_MANY = 200_000  # a tree of more takes hundreds of megabytes
_DEPTHS_MAX = 50_000_000  # the sum, over all tags, of how deep each stands
_REOPENED_MAX = 500_000
_LADEN = 2000  # characters of a tag, without its values, whose attributes are counted
_COMPARED_MAX = 4_000_000  # the sum, over such tags, of the square of how many attributes each has
_VOID = frozenset(
    {"br", "img", "hr", "meta", "input", "link", "area", "base", "col", "embed", "source", "wbr"}
)
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
_VALUE = re.compile(r"""=\s*+(?:"[^"]*+"|'[^']*+')""")
_LONG_TAG = re.compile(rf"<[a-zA-Z][^>]{{{_LADEN},}}+")
_ATTRIBUTE = re.compile(r"[^\s/=]+")
_SILENT = re.compile(r"(?is)<(script|style|title|template)\b[^<>]*+>.*?(?=</\1|\Z)")
_MARKUP = re.compile(r"(?s)<!--.*?(?:-->|\Z)|<[^<>]*+>")


def nests_too_deep(html: str) -> bool:
    """Say whether a parser would spend seconds or hundreds of megabytes on it."""
    if len(html) > _LADEN and _is_laden(html):
        return True
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


def _is_laden(html: str) -> bool:
    """Say whether tags have so many attributes that to compare them takes long."""
    found = _LONG_TAG.finditer(_VALUE.sub("=", html))
    counts = (sum(1 for _ in _ATTRIBUTE.finditer(match[0])) for match in found)
    return sum(count * count for count in counts) > _COMPARED_MAX


def stripped(html: str) -> str:
    """Return the text of HTML by taking its markup out, without a tree: poorer in lines, but never slow."""
    return unescape(_MARKUP.sub("\n", _SILENT.sub("", html))).strip()
