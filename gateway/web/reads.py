"""What several pages read of a message."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.archive.destruction import Gone
from gateway.archive.faults import Damaged
from gateway.mail.entry import MAIL_TYPES, Entry
from gateway.shape import own_text
from gateway.store.orders import find_orders
from gateway.store.records import LinkRow, MessageRow
from gateway.tongue import _, marked
from gateway.web.site import Site
from rules.confidence import RANK
from rules.facts import OrderRef

_DEADLY = "ended the reader"  # as gateway.readers says it in a defect
_HEADER_BYTES = 64 * 1024
_MOST = 1 << 53  # larger numbers are no entry's, and no database takes them
UNREADABLE = marked(
    "[The text of this message cannot be opened: its key is gone, or what is stored was changed.]"
)


def seq_of(request: Request) -> int:
    """Return the entry number in the address."""
    seq = int(request.path_params["seq"])
    if seq >= _MOST:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return seq


def order_known(conn: Connection, value: str, marketplace: str = "") -> OrderRef:
    """Return the one order that a number means; raises HTTPException where none or several are known."""
    found = [one.order for one in find_orders(conn, value)]
    if marketplace:
        found = [one for one in found if one.marketplace == marketplace]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(sorted(one.marketplace for one in found))
        raise HTTPException(
            HTTPStatus.CONFLICT,
            _("Several orders have that number: name the marketplace, %(names)s.") % {"names": names},
        )
    raise HTTPException(HTTPStatus.NOT_FOUND, _("No order of that number is known."))


def text_of(site: Site, row: MessageRow) -> str:
    """Return a message's readable text, as ``texts_of`` does."""
    return next(texts_of(site, [row]))


def texts_of(site: Site, rows: Iterable[MessageRow]) -> Iterator[str]:
    """Yield messages' readable texts; for one that cannot be opened, words that say so: a list must still be shown."""
    for text in site.archive.open_each("text", [(row.seq, row.sealed_text) for row in rows]):
        yield _(UNREADABLE) if isinstance(text, Damaged) else text.decode("utf-8", "replace")


def first_words(text: str, most: int = 200) -> str:
    """Return how a message begins, in its writer's own words and in one line."""
    words = " ".join(own_text(text[: most * 10]).split())
    return words if len(words) <= most else f"{words[:most]}…"


def standing(links: Iterable[LinkRow]) -> list[list[LinkRow]]:
    """Return the links that stand, for each order together: a person's word first, then the surest; the first is what counts."""
    found: dict[OrderRef, list[LinkRow]] = {}
    for one in links:
        if one.undone_by is None:
            found.setdefault(one.link.order, []).append(one)
    for same in found.values():
        same.sort(key=lambda one: (bool(one.agent), RANK[one.link.confidence], one.by), reverse=True)
    return list(found.values())


def entry_of(site: Site, seq: int) -> Entry:
    """Return an entry as it stands in the log."""
    if seq >= site.archive.head() or not site.sees(seq):
        raise HTTPException(
            HTTPStatus.NOT_FOUND, _("There is no entry %(seq)s in the archive.") % {"seq": seq}
        )
    try:
        return site.archive.entry(seq)
    except Gone as gone:
        said = _("Entry %(seq)s was erased on %(what)s: %(reason)s (entry %(by)s).") % {
            "seq": seq,
            "what": format(gone.by.at, "%Y-%m-%d"),
            "reason": gone.by.reason,
            "by": gone.by.by,
        }
        raise HTTPException(HTTPStatus.GONE, said) from gone
    except Damaged as gone:
        said = _(
            "This entry cannot be opened: its key is gone, or what is stored was changed. Run: docket verify"
        )
        raise HTTPException(HTTPStatus.GONE, said) from gone


def readable(entry: Entry, row: MessageRow) -> bytes:
    """Return what of a message is read for its page; of one that ended its reader that is its header alone."""
    if any(_DEADLY in defect for defect in row.defects):
        return header_of(entry.payload[:_HEADER_BYTES])
    return entry.payload


def header_of(raw: bytes) -> bytes:
    """Return a message without its body."""
    ends = (at for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0)
    return raw[: min(ends, default=len(raw))] + b"\r\n\r\n"


def mail_entry(site: Site, seq: int) -> Entry:
    """Return a message's entry with its bytes; an act is no message."""
    entry = entry_of(site, seq)
    if entry.type not in MAIL_TYPES:
        raise HTTPException(HTTPStatus.NOT_FOUND, _("Entry %(seq)s is no message.") % {"seq": seq})
    return entry
