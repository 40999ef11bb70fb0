"""The review queue from the command line: what waits for a person's word, and the words: confirm, unlink, no order."""

import click

from gateway.cli import present
from gateway.cli.act import agent_option, append_act, order_named
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.errors import WrongUse
from gateway.store import messages, orders
from gateway.store.context import orders_of_alias
from gateway.store.records import MessageRow
from gateway.store.reviews import ReviewRow, waiting, waiting_count
from rules.facts import OrderRef


@click.command()
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--mailbox", default="", help="Of this support address only.")
@json_option
@pass_place
def review(place: Place, limit: int, mailbox: str, as_json: bool) -> None:
    """List what waits for your word: messages linked to nothing, not surely, or against what they say. Newest first."""
    app = place.app()
    box = app.mailbox_of(mailbox) if mailbox else ""
    if box is None:
        raise WrongUse(f"no mailbox {mailbox!r} in the settings")
    with app.store.read() as conn:
        found = waiting(conn, limit, mailbox=box)
        count = waiting_count(conn, mailbox=box)
        rows = messages.messages(conn, [one.message for one in found])
        maybe = {seq: orders_of_alias(conn, row.alias, below=seq) for seq, row in rows.items() if row.alias}
    for one in found:
        row = rows.get(one.message)
        if row is None:
            continue
        typed = _next(one, maybe.get(one.message, ()))
        if as_json:
            print_json(_plain(one, row, typed))
            continue
        for why in one.why:
            ref = f" {why.order.marketplace} {why.order.value}" if why.order else ""
            click.echo(f"{why.why}{ref}: {why.said}")
        sender = row.agent or next((name or address for name, address in row.from_), "nobody")
        click.echo(f"{one.message:>8}  {when(one.occurred_at)}  {row.direction}  {sender}  {row.subject}")
        for line in typed:
            click.echo(f"          {line}")
    if not as_json:
        click.echo(f"{len(found)} of {count} that wait for review." if count else "Nothing waits for review.")


@click.command()
@click.argument("seq", type=click.IntRange(0))
@click.argument("order", default="")
@click.option("--marketplace", default="", help="Whose order it is, where the number alone does not say.")
@click.option("--reason", default="confirmed", show_default=True)
@agent_option
@json_option
@pass_place
def confirm(
    place: Place, seq: int, order: str, marketplace: str, reason: str, agent: str, as_json: bool
) -> None:
    """Say that message SEQ does belong to ORDER: the one that it is linked to, where that is only one."""
    linked = _linked(place, seq)
    if order:
        ref = _ref(place, order, marketplace, linked)
        if OrderRef(**ref) not in linked:
            raise WrongUse(
                f"message {seq} is not linked to {order!r}; to link it by hand: docket link {seq} {order}"
            )
    elif len(linked) == 1:
        one = next(iter(linked))
        ref = {"marketplace": one.marketplace, "value": one.value}
    elif linked:
        names = ", ".join(sorted(one.value for one in linked))
        raise WrongUse(f"message {seq} is linked to {names}; say which: docket confirm {seq} ORDER")
    else:
        raise WrongUse(f"message {seq} is linked to no order; to link it by hand: docket link {seq} ORDER")
    payload = {
        "of": seq,
        "order": ref,
        "undo": False,
        "reason": reason,
        "confidence": "certain",
        "agent": agent,
    }
    append_act(place, "link", payload, as_json)


@click.command()
@click.argument("seq", type=click.IntRange(0))
@click.argument("order", default="")
@click.option("--marketplace", default="", help="Whose order it is, where the number alone does not say.")
@click.option("--none", "none", is_flag=True, help="It belongs to no order at all: it leaves the queue.")
@click.option("--undo", is_flag=True, help="With --none: take that word back.")
@click.option("--reason", default="taken back by hand", show_default=True)
@agent_option
@json_option
@pass_place
def unlink(
    place: Place,
    seq: int,
    order: str,
    marketplace: str,
    none: bool,
    undo: bool,
    reason: str,
    agent: str,
    as_json: bool,
) -> None:
    """Say that message SEQ does not belong to ORDER. No rule links the two again, ever; a person still can."""
    if none == bool(order) or (undo and not none):
        raise WrongUse(f"say which order: docket unlink {seq} ORDER, or --none: it belongs to no order")
    payload: dict[str, object] = {"of": seq, "reason": reason, "agent": agent}
    if none:
        payload |= {"none": True, "undo": undo}
    else:
        payload |= {"order": _ref(place, order, marketplace, _linked(place, seq)), "undo": True}
    append_act(place, "link", payload, as_json)


def _linked(place: Place, seq: int) -> frozenset[OrderRef]:
    with place.app().store.read() as conn:
        return frozenset(one.link.order for one in orders.links_of(conn, seq) if one.undone_by is None)


def _ref(place: Place, order: str, marketplace: str, linked: frozenset[OrderRef]) -> dict[str, str]:
    """Return the order named, taken for one that the message is linked to wherever it can be."""
    if marketplace:
        linked = frozenset(one for one in linked if one.marketplace == marketplace)
        if not linked:
            return {"marketplace": marketplace, "value": order}
    return order_named(place, order, among=linked)


def _next(one: ReviewRow, maybe: tuple[OrderRef, ...]) -> list[str]:
    """Return what to type: a line for each order in question, else for each order of the same buyer."""
    seq, typed = one.message, []
    for why in one.why:
        if why.order is not None:
            typed.append(f"docket confirm {seq} {why.order.value}")
            typed.append(f"docket unlink {seq} {why.order.value}")
    if not typed:
        typed += [f"docket link {seq} {order.value}" for order in maybe[:5]] or [f"docket link {seq} ORDER"]
        typed.append(f"docket unlink {seq} --none")
    return typed


def _plain(one: ReviewRow, row: MessageRow, typed: list[str]) -> dict[str, object]:
    return {
        "seq": one.message,
        "at": when(one.occurred_at),
        "why": [
            {"why": why.why, "order": present.order(why.order) if why.order else None, "said": why.said}
            for why in one.why
        ],
        "mailbox": row.mailbox,
        "direction": row.direction,
        "marketplace": row.marketplace,
        "kind": row.kind,
        "from": [{"name": name, "address": address} for name, address in row.from_],
        "subject": row.subject,
        "next": typed,
    }


COMMANDS = (review, confirm, unlink)
