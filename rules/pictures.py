"""Pictures in an HTML message that tell on its reader, or show what a marketplace does not want shown."""

import re
from dataclasses import dataclass

_IMG = re.compile(
    r"<(?:img|input|video|audio|source|embed|object|iframe|link|table|td|body|div)\b([^<>]{0,5000})>",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"([a-z-]{2,20})\s*=\s*(?:\"([^\"]{0,4000})\"|'([^']{0,4000})'|([^\s\"'>]{1,4000}))", re.IGNORECASE
)
_BACKGROUND = re.compile(r"url\(\s*['\"&quot;]*\s*((?:https?:)?//[^)'\"\s]{1,500})", re.IGNORECASE)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0+)?\s*(?:;|$)|(?:max-)?(?:width|height)\s*:\s*[0-2](?:\.\d+)?\s*(?:px)?\s*(?:;|$|!)",
    re.IGNORECASE,
)
_TINY = re.compile(r"\s*[0-2](?:px)?\s*")
_SOURCES = ("src", "srcset", "data", "poster", "background", "href")
_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The addresses of pictures: ``pixels`` nobody can see, ``outside`` ones, and ``inline`` ones sent along."""

    pixels: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    inline: tuple[str, ...] = ()


def pictures_in(html: str) -> Pictures:
    """Return the pictures of an HTML text, each once, as it names them."""
    pixels: dict[str, None] = {}
    outside: dict[str, None] = {}
    inline: dict[str, None] = {}
    for number, match in enumerate(_IMG.finditer(html)):
        if number == _MAX:
            break
        tag = match.group().lower()
        attributes = {
            name.lower(): one or two or three for name, one, two, three in _ATTRIBUTE.findall(match.group(1))
        }
        style = attributes.get("style", "")
        for background in _BACKGROUND.findall(style):
            outside.setdefault(background)
        if (
            tag.startswith("<link")
            and "icon" not in attributes.get("rel", "")
            and "style" not in attributes.get("rel", "")
        ):
            continue
        source = next((attributes[name].strip() for name in _SOURCES if attributes.get(name)), "")
        kind = source[:6].lower()
        if kind.startswith(("http:/", "https:", "//")):
            tiny = tag.startswith("<img") and (
                bool(_HIDDEN.search(style))
                or any(
                    _TINY.fullmatch(attributes[name]) for name in ("width", "height") if name in attributes
                )
            )
            (pixels if tiny else outside).setdefault(source[:200])
        elif tag.startswith("<img") and kind.startswith(("data:", "cid:")):
            inline.setdefault(source[:60])
    return Pictures(pixels=tuple(pixels), outside=tuple(outside), inline=tuple(inline))
