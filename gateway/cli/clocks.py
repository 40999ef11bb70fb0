"""Clocks from the command line: what runs and until when, and a person's word that one need not run."""

from datetime import datetime, timedelta
from typing import Any

import click

from gateway.cli import present
from gateway.cli.act import agent_option, append_act, order_named
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.errors import WrongUse
from gateway.store import due, messages
from gateway.store.due import ClockRow
from rules.clocks import DISPUTES, REPLY
from rules.facts import OrderRef

NO_ANSWER, ELSEWHERE = "no answer needed", "answered elsewhere"


@click.command()
@click.option("--overdue", is_flag=True, help="Only those that have run out.")
@click.option("--all", "every", is_flag=True, help="Each message's clock, not only the oldest of its order.")
@json_option
@pass_place
def clocks(place: Place, overdue: bool, every: bool, as_json: bool) -> None:
    """List the clocks that run, the first due first: of each order, from its oldest message that nobody has answered."""
    _list(place, "clocks run", lambda _: True, overdue=overdue, every=every, as_json=as_json)


@click.command()
@click.option("--overdue", is_flag=True, help="Only those that have run out.")
@json_option
@pass_place
def claims(place: Place, overdue: bool, as_json: bool) -> None:
    """List the disputes that want something by a certain time: claims, chargebacks, appeals. The first due first."""
    _list(
        place, "claims wait", lambda row: row.kind in DISPUTES, overdue=overdue, every=False, as_json=as_json
    )


@click.command()
@click.argument("ref")
@click.option("--no-answer-needed", "what", flag_value=NO_ANSWER, help="The message wants no answer.")
@click.option(
    "--answered-elsewhere", "what", flag_value=ELSEWHERE, help="On the marketplace's own site, say."
)
@click.option("--clock", default="", help="Which clock, where several run; default: the reply clock.")
@click.option("--marketplace", default="", help="Whose order it is, where the number alone does not say.")
@click.option("--undo", is_flag=True, help="Take the word back: the clock goes on from where it began.")
@agent_option
@json_option
@pass_place
def mark(
    place: Place,
    ref: str,
    what: str | None,
    clock: str,
    marketplace: str,
    undo: bool,
    agent: str,
    as_json: bool,
) -> None:
    """Stop a clock of REF, a message's number or an order, by your word. The archive keeps whose word it was."""
    if what is None and not undo:
        raise WrongUse("say why it stops: --no-answer-needed or --answered-elsewhere")
    about: dict[str, Any]
    with place.app().store.read() as conn:
        if ref.isdecimal() and len(ref) < 10 and not marketplace:
            about, known = {"of": int(ref)}, due.clocks_of(conn, int(ref))
        else:
            order = order_named(place, ref, marketplace=marketplace)
            about, known = {"order": order}, due.clocks_of_order(conn, OrderRef(**order))
    clock = _which(ref, clock, known, open_=not undo)
    append_act(
        place, "mark", {**about, "as": what or "", "clock": clock, "undo": undo, "agent": agent}, as_json
    )


def _which(ref: str, clock: str, known: list[ClockRow], *, open_: bool) -> str:
    names = sorted({row.name for row in known if not open_ or row.stopped_by is None})
    if clock in names or (not clock and names == [REPLY]) or (not clock and len(names) == 1):
        return clock or names[0]
    if not names:
        raise WrongUse(f"no clock runs for {ref}; docket clocks lists those that do")
    if clock:
        raise WrongUse(f"no clock {clock!r} runs for {ref}, but {', '.join(names)}")
    raise WrongUse(f"{', '.join(names)} run for {ref}; say which: --clock NAME")


def _list(place: Place, said: str, wanted: Any, *, overdue: bool, every: bool, as_json: bool) -> None:
    app = place.app()
    now = app.clock.now()
    with app.store.read() as conn:
        rows = [row for row in due.running(conn) if wanted(row)]
        rows = rows if every else due.oldest_waits(rows)
        rows = [row for row in rows if row.due_at < now or not overdue]
        mails = messages.messages(conn, [row.message for row in rows])
    for row in rows:
        subject = mails[row.message].subject if row.message in mails else ""
        if as_json:
            print_json(plain(row, now) | {"subject": subject})
            continue
        order = ", ".join(one.value for one in row.orders) or "no order"
        click.echo(f"{_left(row.due_at - now):>16}  {row.name:<18} {order:<22} {row.message:>8}  {subject}")
        click.echo(f"{'':>16}  due {when(row.due_at)}: {row.said}")
    if not as_json:
        late = sum(row.due_at < now for row in rows)
        click.echo(f"{len(rows)} {said}, {late} overdue." if rows else f"No {said}.")


def plain(row: ClockRow, now: datetime) -> dict[str, Any]:
    """Return a clock as other programs may rely on it."""
    return {
        "clock": row.name,
        "message": row.message,
        "kind": row.kind,
        "marketplace": row.marketplace,
        "mailbox": row.mailbox,
        "orders": [present.order(one) for one in row.orders],
        "started_at": when(row.started_at),
        "due_at": when(row.due_at),
        "said": row.said,
        "left_s": int((row.due_at - now).total_seconds()) if row.stopped_by is None else None,
        "overdue": row.stopped_by is None and row.due_at < now,
        "stopped_at": when(row.stopped_at) if row.stopped_at else None,
        "stopped_by": row.stopped_by,
        "how": row.how,
        "by": row.by,
    }


def _left(left: timedelta) -> str:
    """Return how long is left, or how long ago it ran out.

    >>> _left(timedelta(hours=5, minutes=3)), _left(timedelta(hours=-49))
    ('5 h 03 min', '49 h 00 min late')
    """
    minutes = int(abs(left.total_seconds()) // 60)
    return f"{minutes // 60} h {minutes % 60:02} min" + (" late" if left < timedelta(0) else "")


COMMANDS = (clocks, claims, mark)
