"""What leaves by a button or a call: evidence packs, reports, claim answers; each with an entry that says who took it.

Each function may block for as long as making the thing takes, and raises HTTPException with a sentence that says why not.
"""

from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from os import fstat
from typing import BinaryIO

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from gateway.answer.compose import Answer
from gateway.answer.phrases import LANGUAGES
from gateway.errors import DocketError, Temporary, WrongUse
from gateway.evidence.contents import Asked
from gateway.receipt import Accept, Receipt
from gateway.report.audience import Wanted
from gateway.report.letter import addressee, check_sendable, letter_of, others_of
from gateway.report.making import Reporter, name_of
from gateway.store.orders import messages_of
from gateway.store.seen import sees_order
from gateway.tongue import _
from gateway.web.deeds import Doer
from gateway.web.pages.files import disposition
from gateway.web.site import Site
from rules.facts import OrderRef

_PIECE = 1 << 18
_REASON = 500
INTERNAL_PACK = ("dossier", "imap", "note")
_INTERNAL_REPORT = ("dossier", "note")


def pack_of(site: Site, order: OrderRef, reason: str, who: Doer, *, notes: bool) -> Response:
    """Make an order's evidence pack and return it as a ZIP file; the log has recorded it before the first byte leaves."""
    check_whole(site, order)
    closed = () if notes else INTERNAL_PACK
    try:
        file = site.packs.hand_out(order, _asked(reason, who), site.store, withhold=closed)
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.NOT_FOUND, str(wrong)) from wrong
    except Temporary as wrong:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, _sentence(wrong)) from wrong
    headers = {
        "content-disposition": disposition(f"evidence-{order.marketplace}-{order.value}.zip"),
        "content-length": str(fstat(file.fileno()).st_size),
    }
    return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers)


def report_of(site: Site, wanted: Wanted, reason: str, who: Doer) -> Response:
    """Make an order's report and return it as a PDF file."""
    check_whole(site, wanted.order)
    if site.reporter is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    try:
        made = site.reporter.make(wanted, _asked(reason, who))
    except WrongUse as wrong:
        raise HTTPException(HTTPStatus.NOT_FOUND, _sentence(wrong)) from wrong
    except DocketError as wrong:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, _sentence(wrong)) from wrong
    headers = {"content-disposition": disposition(name_of(wanted))}
    return Response(made.pdf, media_type="application/pdf", headers=headers)


def send_report(site: Site, wanted: Wanted, who: Doer, *, across: bool = False) -> Receipt:
    """Send the buyer their copy, by the way that every answer goes: judged by the policy, archived, then relayed.

    ``across`` says that mail of several mailboxes may come into the one that it is sent from.
    """
    if site.reporter is None or site.submit is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    check_whole(site, wanted.order)
    try:
        check_sendable(site.reporter, wanted, across=across)  # nothing is made for nobody
        receipt = _send(site.reporter, site.submit, wanted, who)
    except DocketError as wrong:
        raise HTTPException(HTTPStatus.CONFLICT, _sentence(wrong)) from wrong
    if not receipt.reply.startswith("2"):
        raise HTTPException(
            HTTPStatus.CONFLICT,
            _("Not sent, entry %(seq)s: %(reply)s") % {"seq": receipt.seq, "reply": receipt.reply},
        )
    return receipt


def sent_across(site: Site, order: OrderRef) -> tuple[str, list[str]]:
    """Return the mailbox that an order's copy for the buyer is sent from, and the others whose mail would come there."""
    if site.reporter is None:
        return "", []
    try:
        timeline, chosen = site.reporter.choice(wanted(order, buyer=True, language="", notes=False))
        mailbox = addressee(timeline, chosen)[0].mailbox
    except WrongUse:  # there is nobody to send it to, and whoever tries is told so
        return "", []
    return mailbox, others_of(timeline, mailbox)


def wanted(order: OrderRef, *, buyer: bool, language: str, notes: bool) -> Wanted:
    """Return what report is meant; without ``notes`` nothing internal is in it."""
    return Wanted(
        order=order,
        audience="buyer" if buyer else "court",
        language=language if language in LANGUAGES else "en",
        withhold=() if notes else _INTERNAL_REPORT,
    )


def answer_of(site: Site, order: OrderRef, language: str) -> Answer:
    """Return an order's claim answer as it would be written now; that alone is no entry."""
    check_whole(site, order)
    made = site.answer(order, language, site.store)
    if made is None:
        raise HTTPException(
            HTTPStatus.NOT_FOUND,
            _("Nothing is known of an order %(value)s of %(marketplace)s.")
            % {"value": order.value, "marketplace": order.marketplace},
        )
    return made


def check_whole(site: Site, order: OrderRef) -> None:
    """Raise HTTPException for an order of which somebody sees only some: what holds all of it is not handed out."""
    if site.sees_all_of(order):
        return
    with site.store.read() as conn:
        known, quoted = sees_order(conn, order), bool(messages_of(conn, order))
    if known:
        raise HTTPException(
            HTTPStatus.FORBIDDEN,
            _(
                "Mail of this order lies in mailboxes that you do not have; what holds all of it is not handed out."
            ),
        )
    if quoted:
        raise HTTPException(
            HTTPStatus.FORBIDDEN,
            _(
                "Your mail only quotes this order's number, and nothing shows that it belongs to the order. "
                "If it does, link it to the order by hand, and try again."
            ),
        )
    raise HTTPException(
        HTTPStatus.NOT_FOUND,
        _("Nothing is known of an order %(value)s of %(marketplace)s.")
        % {"value": order.value, "marketplace": order.marketplace},
    )


def _send(reporter: Reporter, accept: Accept, what: Wanted, who: Doer) -> Receipt:
    made = reporter.make(what, _asked("sent to the buyer", who))
    return accept(*letter_of(reporter, what, made, who.agent)).result()


def _asked(reason: str, who: Doer) -> Asked:
    return Asked(agent=who.agent, reason=reason.strip()[:_REASON], source=who.source)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        yield from iter(partial(file.read, _PIECE), b"")


def _sentence(wrong: Exception) -> str:
    return f"{str(wrong)[:1].upper()}{str(wrong)[1:]}."
