"""HTML to readable text, and where its links lead."""

import re

from selectolax.lexbor import LexborHTMLParser

_MAX = 5_000_000  # characters of HTML that are read
_LINKS_MAX = 2000
_SILENT = ["script", "style", "head title", "template", "noscript"]
_BLOCKS = "p, div, br, tr, li, h1, h2, h3, h4, h5, h6, table, blockquote, pre, hr, ul, ol, section, article"
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_GAPS = re.compile(r" ?\n ?(?:\n ?)+")


def text_of_html(html: str) -> str:
    """Return what a reader sees: tags gone, entities resolved, blocks on lines of their own. Never raises."""
    return read_html(html)[0]


def links_of_html(html: str) -> tuple[str, ...]:
    """Return the targets of links, in order, each once."""
    return read_html(html)[1]


def read_html(html: str) -> tuple[str, tuple[str, ...]]:
    """Return text and link targets in one pass over the document."""
    if not html.strip():
        return "", ()
    tree = LexborHTMLParser(html[:_MAX].replace("\x00", ""))
    tree.strip_tags(_SILENT, recursive=True)
    links: dict[str, None] = {}
    for node in tree.css("a[href], area[href]"):
        target = (node.attributes.get("href") or "").strip()
        if target and not target.startswith(("#", "cid:")):
            links.setdefault(target[:4000], None)
            if len(links) == _LINKS_MAX:
                break
    for node in tree.css(_BLOCKS):
        node.insert_before("\n")
        if node.tag != "br":
            node.insert_after("\n")
    for node in tree.css("td, th"):
        node.insert_after(" ")
    root = tree.body or tree.root
    text = root.text(deep=True, separator="", strip=False) if root is not None else ""
    text = _SPACES.sub(" ", text)
    return _GAPS.sub("\n\n", text.replace("\n ", "\n").replace(" \n", "\n")).strip(), tuple(links)
