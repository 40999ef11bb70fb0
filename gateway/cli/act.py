"""Acts from the command line. Each is one entry in the archive; a running ``serve`` takes it up at once."""

import getpass

import click

from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.dossier.closing import REFUND, refund_lacks
from gateway.errors import WrongUse
from gateway.mail.canonical import canonical
from gateway.mail.entry import MAIL_TYPES, Draft
from gateway.store.orders import find_orders
from gateway.store.reports import reported_orders
from gateway.store.spelling import bare
from rules.facts import OrderRef
from rules.named import orders_named

agent_option = click.option("--agent", default=getpass.getuser, show_default="you", help="Who acts.")


@click.command()
@click.argument("target")
@click.argument("text")
@agent_option
@json_option
@pass_place
def note(place: Place, target: str, text: str, agent: str, as_json: bool) -> None:
    """Write TEXT as an internal note on TARGET: a message's number, or an order."""
    about = (
        {"of": int(target)}
        if target.isdecimal() and len(target) < 10
        else {"order": order_named(place, target)}
    )
    append_act(place, "note", {**about, "text": text, "agent": agent}, as_json)


@click.command()
@click.argument("seq", type=int)
@click.option("--add", multiple=True, help="A tag to set.")
@click.option("--remove", multiple=True, help="A tag to take away.")
@agent_option
@json_option
@pass_place
def tag(
    place: Place, seq: int, add: tuple[str, ...], remove: tuple[str, ...], agent: str, as_json: bool
) -> None:
    """Set or take away tags of message SEQ."""
    if not add and not remove:
        raise WrongUse("say which tag: docket tag SEQ --add NAME")
    app = place.app()
    with app.store.read() as conn:
        if lacks := refund_lacks(conn, seq, add, app.config.dossier.refund_needs):
            raise WrongUse(f"message {seq} cannot be tagged {REFUND} yet: {lacks}")
    append_act(place, "tag", {"of": seq, "add": add, "remove": remove, "agent": agent}, as_json)


@click.command()
@click.argument("seq", type=int)
@click.argument("order")
@click.option("--marketplace", default="", help="Whose order it is, where the number alone does not say.")
@click.option("--undo", is_flag=True, help="Take the link back.")
@click.option("--reason", default="by hand", show_default=True)
@agent_option
@json_option
@pass_place
def link(
    place: Place, seq: int, order: str, marketplace: str, undo: bool, reason: str, agent: str, as_json: bool
) -> None:
    """Link message SEQ to ORDER, or take such a link back. A link never merges anything and can be undone."""
    ref = {"marketplace": marketplace, "value": order} if marketplace else order_named(place, order)
    payload = {
        "of": seq,
        "order": ref,
        "undo": undo,
        "reason": reason,
        "confidence": "certain",
        "agent": agent,
    }
    append_act(place, "link", payload, as_json)


@click.command()
@click.argument("seq", type=int)
@click.option("--drop", is_flag=True, help="Do not send it: close it.")
@agent_option
@json_option
@pass_place
def release(place: Place, seq: int, drop: bool, agent: str, as_json: bool) -> None:
    """Send the held message SEQ after a second look, or drop it."""
    from gateway.precedence import append_first
    from gateway.release import release_draft

    app = place.app()
    entry = app.archive.entry(seq)
    second = app.config.sending.second_person
    draft = release_draft(entry, agent=agent, drop=drop, filing=app.drop, second_person=second)
    appended = append_first(app.archive, draft, 0)
    _say(appended.seq, as_json)


def append_act(place: Place, type_: str, payload: dict[str, object], as_json: bool) -> None:
    """Archive one act about a message or an order; raises WrongUse where it names what is none."""
    app = place.app()
    seq = payload.get("of")
    if isinstance(seq, int) and app.archive.entry(seq).type not in MAIL_TYPES:
        raise WrongUse(f"entry {seq} is no message")
    _say(
        app.archive.append(Draft(type=type_, payload=canonical(payload), meta={"source": "command"})).seq,
        as_json,
    )


def _say(seq: int, as_json: bool) -> None:
    if as_json:
        print_json({"seq": seq})
    else:
        click.echo(f"Entry {seq}.")


def order_named(
    place: Place, value: str, *, marketplace: str = "", among: frozenset[OrderRef] = frozenset()
) -> dict[str, str]:
    """Find which marketplace's order is meant: one of ``among``, one we know, else one whose number it can only be."""
    app = place.app()
    with app.store.read() as conn:
        known = {ref for ref in among if bare(ref.value) == bare(value)}
        known = known or {row.order for row in find_orders(conn, value)} | set(reported_orders(conn, value))
    refs = known or set(orders_named(value, app.marketplaces))
    if marketplace:
        refs = {ref for ref in refs if ref.marketplace == marketplace} or {
            OrderRef(marketplace=marketplace, value=value)
        }
    if len(refs) == 1:
        ref: OrderRef = refs.pop()
        return {"marketplace": ref.marketplace, "value": ref.value}
    if not refs:
        raise WrongUse(f"no order {value!r} is known; say whose it is: --marketplace NAME")
    names = ", ".join(sorted(ref.marketplace for ref in refs))
    raise WrongUse(f"{value!r} may be an order of {names}; say whose it is: --marketplace NAME")


COMMANDS = (note, tag, link, release)
