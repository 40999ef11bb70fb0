"""A claim's answer and an order's report with an installation's own words: the same for the command line and the web view."""

from zoneinfo import ZoneInfo

from gateway.answer.case import Kind
from gateway.answer.compose import Answer, compose
from gateway.app import App
from gateway.mail.entry import Envelope
from gateway.receipt import Receipt, receipt_of
from gateway.report.making import Bounds, Reporter
from gateway.store.engine import Store
from rules.facts import OrderRef


def answer_for(
    app: App,
    order: OrderRef,
    *,
    language: str,
    kind: Kind | None = None,
    limit: int | None = None,
    sight: Store | None = None,
) -> Answer | None:
    """Return the answer for an order, or None where nothing is known of it.

    It is written from what ``sight`` sees, where that is not everything.
    ``limit`` is what the form takes; without one, what the marketplace's file says of messages, 0 where it says nothing.
    """
    known = app.marketplaces.marketplaces.get(order.marketplace)
    with app.store.read() as whole, (sight or app.store).read() as conn:
        return compose(
            conn,
            order,
            whole=whole,
            title=known.title if known else order.marketplace,
            senders={box.address.lower(): box.name for box in app.config.mailbox},
            zone=ZoneInfo(app.config.zone),
            now=app.clock.now(),
            language=language,
            kind=kind,
            limit=(known.file.policy.characters_max if known else 0) if limit is None else limit,
        )


def reporter_of(app: App) -> Reporter:
    """Return what makes this installation's reports."""
    told = app.config.report
    return Reporter(
        archive=app.archive,
        store=app.store,
        clock=app.clock,
        zone=ZoneInfo(app.config.zone),
        titles={name: one.title for name, one in app.marketplaces.marketplaces.items()},
        senders={box.address.lower(): box.name for box in app.config.mailbox},
        bounds=Bounds(
            messages=told.messages_max,
            seconds=told.seconds,
            memory_bytes=told.memory_bytes,
            originals_bytes=told.originals_bytes_max,
            buyer_bytes=told.buyer_bytes_max,
        ),
    )


def submit(app: App, raw: bytes, envelope: Envelope) -> Receipt:
    """Hand a mail in as an agent's client would: judged in memory, archived with its verdict; a running worker sends it."""
    judge = app.judge()
    try:
        draft = judge(raw, envelope)
    finally:
        judge.close()
    return receipt_of(draft, app.archive.append(draft))
