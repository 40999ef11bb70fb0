"""A stranger's HTML made harmless: no script, no style that can load, no link to follow, no image but its own.

The result is shown in a sandboxed frame whose own policy forbids every load as well: two walls, each enough alone.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass

import nh3


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAGS = _names(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del "
    "details dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main "
    "mark nav ol p pre q s samp section small span strike strong sub summary sup table tbody td tfoot th "
    "thead time tr tt u ul var"
)
_GONE = _names(
    "script style svg math iframe frame frameset object embed applet form input button select textarea option "
    "template noscript noembed noframes xmp plaintext title video audio source track canvas portal"
)
# No title: free text in an attribute is what mutation attacks hide in, and a tooltip is worth no risk. The source has it.
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "align", "valign", "width", "height", "bgcolor"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap", "scope"},
    "table": {"border", "cellpadding", "cellspacing"},
    "col": {"span"},
    "colgroup": {"span"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
    "time": {"datetime"},
}
# No property here takes url(): nothing can be loaded, whatever a value says. position, z-index and transform are
# left out, so that nothing can be laid over anything.
_STYLES = _names(
    "color background-color font-family font-size font-style font-weight line-height letter-spacing "
    "text-align text-decoration text-indent text-transform vertical-align white-space word-break direction "
    "width height max-width min-width max-height min-height margin margin-top margin-right margin-bottom "
    "margin-left padding padding-top padding-right padding-bottom padding-left border border-top border-right "
    "border-bottom border-left border-color border-style border-width border-collapse border-spacing "
    "border-radius display float clear"
)
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_DATA = re.compile(r"data:image/(png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
_INLINE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image that came inside the message."""

    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """HTML that is safe to show, and how many images it would have fetched from elsewhere."""

    html: str
    remote_images: int


def clean(html: str, pictures: Mapping[str, Picture]) -> Clean:
    """Return a body without anything that runs, loads or leads away; ``pictures`` are the message's own, by Content-ID.

    An own picture becomes a ``data:`` address: the frame has an opaque origin, so its requests would carry no session.
    """
    remote = 0
    room = _INLINE_BYTES

    def attribute(tag: str, name: str, value: str) -> str | None:
        nonlocal remote, room
        if tag != "img" or name != "src":
            return value
        scheme, _, rest = value.strip().partition(":")
        if scheme.lower() == "data":
            return value if _DATA.fullmatch(value.strip()) else None
        picture = pictures.get(rest) if scheme.lower() == "cid" else None
        if picture is None or picture.content_type not in _IMAGES or len(picture.data) > room:
            remote += scheme.lower() != "cid"
            return None
        room -= len(picture.data)
        return f"data:{picture.content_type};base64,{base64.b64encode(picture.data).decode('ascii')}"

    cleaned = nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=set(_GONE),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        attribute_filter=attribute,
        filter_style_properties=set(_STYLES),
        url_schemes={"data", "cid", "http", "https"},
        strip_comments=True,
        link_rel=None,
    )
    return Clean(html=cleaned, remote_images=remote)
