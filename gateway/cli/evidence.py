"""What is added to an order's dossier from outside the mail: files, and parcels that no mail names. Each is one entry."""

from pathlib import Path

import click

from gateway.cli.act import agent_option, order_named
from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.dossier.filing import FILE_BYTES, KINDS, evidence_draft, parcel_draft
from gateway.errors import WrongUse
from gateway.store.orders import parcels_of
from gateway.store.spelling import bare
from rules.facts import OrderRef


@click.group()
def evidence() -> None:
    """Files that bear on an order and came by another way than mail."""


@evidence.command()
@click.argument("ref")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), default="other", show_default=True)
@click.option("--text", default="", help="What it shows, in a sentence.")
@click.option("--marketplace", default="", help="Whose order it is, where the number alone does not say.")
@agent_option
@json_option
@pass_place
def add(
    place: Place, ref: str, file: Path, kind: str, text: str, marketplace: str, agent: str, as_json: bool
) -> None:
    """Archive FILE under the order REF: sealed and encrypted like a mail, and dated as received now."""
    try:
        if file.stat().st_size > FILE_BYTES:
            raise WrongUse(f"{file} is larger than {FILE_BYTES >> 20} MiB")
        data = file.read_bytes()
    except OSError as wrong:
        raise WrongUse(f"{file}: {wrong.strerror}") from wrong
    order = OrderRef(**order_named(place, ref, marketplace=marketplace))
    draft = evidence_draft(
        order, data, filename=file.name, kind=kind, text=text, agent=agent, source="command"
    )
    seq = place.app().archive.append(draft).seq
    if as_json:
        print_json({"seq": seq, "sha256": draft.meta["sha256"]})
    else:
        click.echo(f"Entry {seq}. SHA-256 {draft.meta['sha256']}")


@click.group()
def parcel() -> None:
    """Parcels of an order."""


@parcel.command(name="add")
@click.argument("ref")
@click.argument("number")
@click.option("--carrier", default="", help="Such as dhl; known are those of docs/howto/add-a-carrier.md.")
@click.option("--marketplace", default="", help="Whose order it is, where the number alone does not say.")
@agent_option
@json_option
@pass_place
def add_parcel(
    place: Place, ref: str, number: str, carrier: str, marketplace: str, agent: str, as_json: bool
) -> None:
    """Say that parcel NUMBER belongs to the order REF, where no mail says it."""
    app = place.app()
    order = OrderRef(**order_named(place, ref, marketplace=marketplace))
    known = app.marketplaces.carriers
    draft = parcel_draft(order, number, carrier=carrier, carriers=known, agent=agent, source="command")
    _say(app.archive.append(draft).seq, as_json)


@parcel.command(name="remove")
@click.argument("ref")
@click.argument("number")
@click.option("--marketplace", default="", help="Whose order it is, where the number alone does not say.")
@agent_option
@json_option
@pass_place
def remove_parcel(place: Place, ref: str, number: str, marketplace: str, agent: str, as_json: bool) -> None:
    """Say that parcel NUMBER does not belong to the order REF, whoever named it. Adding it again takes that back."""
    app = place.app()
    order = OrderRef(**order_named(place, ref, marketplace=marketplace))
    with app.store.read() as conn:
        known = {bare(one.number): one.number for one in parcels_of(conn, order)}
    if bare(number) not in known:
        named = ", ".join(known.values()) or "none"
        raise WrongUse(f"order {ref} has no parcel {number!r}; its parcels: {named}")
    draft = parcel_draft(order, known[bare(number)], agent=agent, source="command", remove=True)
    _say(app.archive.append(draft).seq, as_json)


def _say(seq: int, as_json: bool) -> None:
    if as_json:
        print_json({"seq": seq})
    else:
        click.echo(f"Entry {seq}.")


COMMANDS = (evidence, parcel)
