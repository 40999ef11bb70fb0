"""HTML to readable text, and where its links lead."""

import re

from selectolax.lexbor import LexborHTMLParser

from gateway.mail.nesting import nests_too_deep, stripped

_MAX = 5_000_000  # characters of HTML that are read
_LINKS_MAX = 2000
_SILENT = ["script", "style", "head title", "template", "noscript"]
_BLOCKS = "p, div, br, tr, li, h1, h2, h3, h4, h5, h6, table, blockquote, pre, hr, ul, ol, section, article"
_HIDES = re.compile(r"(?i)display\s*:\s*none|visibility\s*:\s*hidden")
_HREF = re.compile(r"(?i)\bhref\s{0,9}=\s{0,9}[\"']?(?![#\"'])([^\s\"'<>]{1,4000})")
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_GAPS = re.compile(r" ?\n ?(?:\n ?)+")


def text_of_html(html: str) -> str:
    """Return what a reader sees: tags gone, entities resolved, blocks on lines of their own. Never raises."""
    if nests_too_deep(html):
        return _GAPS.sub("\n\n", _SPACES.sub(" ", stripped(html[:_MAX])))
    tree = _tree(html)
    if tree is None:
        return ""
    tree.strip_tags(_SILENT, recursive=True)
    if _HIDES.search(html):
        _drop_hidden(tree)
    for node in tree.css(_BLOCKS):
        node.insert_before("\n")
        if node.tag != "br":
            node.insert_after("\n")
    for node in tree.css("td, th"):
        node.insert_after(" ")
    root = tree.body or tree.root
    text = root.text(deep=True, separator="", strip=False) if root is not None else ""
    text = _SPACES.sub(" ", text)
    return _GAPS.sub("\n\n", text.replace("\n ", "\n").replace(" \n", "\n")).strip()


def links_of_html(html: str) -> tuple[str, ...]:
    """Return the targets of links, in order, each once."""
    if nests_too_deep(html):
        return tuple(dict.fromkeys(_HREF.findall(html[:_MAX])[:_LINKS_MAX]))
    tree = _tree(html) if "href" in html.lower() else None
    links: dict[str, None] = {}
    for node in tree.css("a[href], area[href]") if tree is not None else ():
        target = (node.attributes.get("href") or "").strip()
        if target and not target.startswith(("#", "cid:")):
            links.setdefault(target[:4000], None)
            if len(links) == _LINKS_MAX:
                break
    return tuple(links)


def unflowed(text: str, *, delete_space: bool) -> str:
    """Join the soft line breaks of format=flowed (RFC 3676), so that a word broken there is found whole."""
    joined: list[str] = []
    depth_before, open_ = 0, False
    for line in text.split("\n"):
        rest = line.lstrip(">")
        depth = len(line) - len(rest)
        rest = rest.removeprefix(" ")  # section 4.4: space-stuffing
        flows = rest.endswith(" ") and rest != "-- "
        shown = rest[:-1] if flows and delete_space else rest
        if open_ and depth == depth_before and rest != "-- ":
            joined.append(shown)
        else:
            joined.append(("\n" if joined else "") + (">" * depth + " " if depth else "") + shown)
        depth_before, open_ = depth, flows
    return "".join(joined)


def _tree(html: str) -> LexborHTMLParser | None:
    return LexborHTMLParser(html[:_MAX].replace("\x00", "")) if html.strip() else None


def _drop_hidden(tree: LexborHTMLParser) -> None:
    """Drop what a style keeps from the reader; a document that hides everything is kept whole."""
    hidden = [node for node in tree.css("[style]") if _HIDES.search(node.attributes.get("style") or "")]
    hidden = [node for node in hidden if node.tag not in {"body", "html"}]
    root = tree.body or tree.root
    if root is None or not hidden:
        return
    copy = LexborHTMLParser(tree.html or "")
    for node in hidden:
        node.decompose()
    if not root.text(deep=True, strip=True) and (before := copy.body) is not None:
        root.replace_with(before)
