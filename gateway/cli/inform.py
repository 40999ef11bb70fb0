"""Commands that read: search, show, order."""

import contextlib
import sys
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import msgspec

from gateway.app import App
from gateway.cli import clocks, dossiers, present
from gateway.cli.act import agent_option
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.cli.taking import take_result
from gateway.cli.told import lines_of, sender
from gateway.dossier.timeline import timeline_of
from gateway.errors import WrongUse
from gateway.extraction import Extractor
from gateway.indexer import text_of
from gateway.mail.entry import MAIL_TYPES, Envelope
from gateway.mail.parse import parse
from gateway.results.result import Form, Result, found_by
from gateway.shape import facts_of, is_outbound
from gateway.store import due, fold, messages, orders
from gateway.store.authenticity import authentic_of
from gateway.store.dossiers import dossier_of
from gateway.store.reports import facts_of as facts_of_orders
from gateway.store.reports import reported_orders
from gateway.store.waits import waits_in
from gateway.supervise import is_at_work
from index.backend import Backend
from index.query import parse_query
from index.snippet import snippets
from rules.facts import Authentic, Reported
from rules.read import believed, read

_WIDTH = 160


@click.command()
@click.argument("query", nargs=-1)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@click.option(
    "--tz", "zone", default="UTC", show_default=True, help="The zone in which a bare date is a day."
)
@click.option(
    "--sort", type=click.Choice(["newest", "oldest", "relevance"]), default="newest", show_default=True
)
@click.option(
    "--csv", type=click.Path(path_type=Path), help="Write all that is found to a table, and log it."
)
@click.option("--jsonl", type=click.Path(path_type=Path), help="The same as one JSON object a line.")
@click.option(
    "--eml-zip",
    type=click.Path(path_type=Path),
    help="The messages themselves, byte for byte, in a ZIP file.",
)
@click.option("--reason", default="", help="Why it is taken; the log keeps it.")
@agent_option
@json_option
@pass_place
def search(
    place: Place,
    query: tuple[str, ...],
    limit: int,
    zone: str,
    sort: str,
    csv: Path | None,
    jsonl: Path | None,
    eml_zip: Path | None,
    reason: str,
    agent: str,
    as_json: bool,
) -> None:
    """Find messages: docket search 'order:112-1234567-1234567 "damaged box" -refund'. See docs/search.md."""
    try:
        tz = UTC if zone == "UTC" else ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as wrong:
        raise WrongUse(f"--tz {zone} is no time zone; write one such as Europe/Paris") from wrong
    app = place.app()
    tree = parse_query(" ".join(query), tz=tz, waits=waits_in(app.store, app.clock))
    index = app.index()
    places: dict[Form, Path | None] = {"csv": csv, "jsonl": jsonl, "eml-zip": eml_zip}
    wanted = [(form, out) for form, out in places.items() if out is not None]
    if wanted:
        found = found_by(index, tree, "oldest" if sort == "oldest" else "newest")
        result = Result(text=" ".join(query), seqs=found)
        for form, out in wanted:
            take_result(app, result, form, out, agent=agent, reason=reason, as_json=as_json)
        _tell_lag(app, index)
        index.close()
        return
    page = index.search(tree, limit=limit, sort=sort)  # type: ignore[arg-type]
    seqs = [hit.seq for hit in page.hits]
    with app.store.read() as conn:
        rows = messages.messages(conn, seqs)
        links = {seq: orders.links_of(conn, seq) for seq in rows}
    for seq in seqs:
        row = rows.get(seq)
        if row is None:
            continue  # indexed, then erased
        pieces = snippets(tree, text_of(app.archive, row), width=_WIDTH)
        snippet = "".join(text for text, _ in pieces)
        if as_json:
            print_json({**present.message(row, links[seq]), "snippet": snippet})
        else:
            click.echo(
                f"{seq:>8}  {when(row.occurred_at)}  {row.direction[:3]}  {sender(row)}  {row.subject}"
            )
            if snippet:
                click.echo(f"          {' '.join(snippet.split())}")
    if not as_json:
        click.echo(f"{len(seqs)} of {page.total} messages")
    _tell_lag(app, index)
    index.close()


def _tell_lag(app: App, index: Backend) -> None:
    """Say what a search cannot find yet: an answer that leaves out mail must not look like the whole."""
    with app.store.read() as conn:
        reached = min(fold.position(conn), index.position())
    if lag := app.archive.head() - reached:
        at_work = is_at_work(app.config)
        mend = "they come by themselves" if at_work else "docket serve brings them in, or docket rebuild does"
        click.echo(f"docket: {lag} entries of the archive cannot be found yet; {mend}", err=True)


@click.command()
@click.argument("seq", type=click.IntRange(0))
@click.option("--raw", is_flag=True, help="Write exactly the archived bytes.")
@json_option
@pass_place
def show(place: Place, seq: int, raw: bool, as_json: bool) -> None:
    """Show entry SEQ: a message, or an act."""
    app = place.app()
    entry = app.archive.entry(seq)
    if raw:
        sys.stdout.buffer.write(entry.payload)
        sys.stdout.buffer.flush()
        return
    head = {
        "seq": entry.seq,
        "id": entry.id,
        "type": entry.type,
        "at": when(entry.at),
        "leaf": entry.leaf.decode("ascii"),
        "meta": entry.meta,
    }
    if entry.type == "evidence":
        print_json({"entry": head, "payload": None})  # a file: --raw writes it
        return
    if entry.type not in MAIL_TYPES:
        body = (
            msgspec.json.decode(entry.payload)
            if entry.payload[:1] in b"{[" and entry.type != "rules"
            else entry.payload.decode()
        )
        print_json({"entry": head, "payload": body})
        return
    envelope = msgspec.convert(entry.meta, Envelope)
    outbound = is_outbound(entry.type)
    with contextlib.closing(Extractor(app.opening)) as extractor:
        parsed = extractor.extend(parse(entry.payload), entry.payload)
    with app.store.read() as conn:
        links = orders.links_of(conn, seq)
        authentic = authentic_of(conn, [seq]).get(seq, Authentic())
    facts = facts_of(parsed, envelope, outbound=outbound, authentic=authentic)
    reading = believed(read(facts, app.marketplaces), facts, app.marketplaces)
    shown = present.mail(parsed, reading, file="", direction="outbound" if outbound else "inbound")
    if as_json:
        found = msgspec.to_builtins(authentic)
        linked = [present.link(one) for one in links]
        print_json({**shown, "links": linked, "authenticity": found, "entry": head})
        return
    click.echo(f"Message {seq}, {entry.type}, archived {when(entry.at)}")
    for name, people in (("From", parsed.from_), ("To", parsed.to), ("Cc", parsed.cc)):
        if people:
            click.echo(f"{name}: " + ", ".join(f"{p.name} <{p.address}>".strip() for p in people))
    click.echo(f"Subject: {parsed.subject}")
    if not outbound:
        click.echo(f"Sender: {authentic.result}" + (f", {authentic.reason}" if authentic.reason else ""))
    for one in links:
        undone = "  (taken back)" if one.undone_by is not None else ""
        click.echo(f"Order: {one.link.order.value}  {one.link.confidence}, {one.link.reason}{undone}")
    for defect in parsed.defects:
        click.echo(f"Defect: {defect}")
    for file in parsed.attachments:
        click.echo(f"Attachment: {file.filename}  {file.content_type}  {file.size_bytes} bytes")
    click.echo(f"\n{parsed.text}")


@click.command()
@click.argument("ref")
@click.option("--marketplace", default="", help="Whose order it is, where several use the same number.")
@json_option
@pass_place
def order(place: Place, ref: str, marketplace: str, as_json: bool) -> None:
    """Show an order's whole history: REF is its number, with or without dashes."""
    app = place.app()
    with app.store.read() as conn:
        found = [
            row
            for row in orders.find_orders(conn, ref)
            if not marketplace or row.order.marketplace == marketplace
        ]
        known = dict.fromkeys(row.order for row in found)
        told = (
            one for one in reported_orders(conn, ref) if not marketplace or one.marketplace == marketplace
        )
        known |= dict.fromkeys(told)
        if not known:
            raise WrongUse(f"no message is linked to an order {ref!r}, and no order report has it")
        if len(known) > 1:
            names = ", ".join(one.marketplace for one in known)
            raise WrongUse(f"{ref!r} is an order of {names}; say which: --marketplace NAME")
        wanted = next(iter(known))
        reported = next(iter(facts_of_orders(conn, [wanted])), None)
        rows = orders.messages_of(conn, wanted)
        events = orders.events_of(conn, order=wanted)
        links = {
            row.seq: [one for one in orders.links_of(conn, row.seq) if one.link.order == wanted]
            for row in rows
        }
        parcels = orders.parcels_of(conn, wanted)
        products = orders.products_of(conn, wanted)
        standing = dossier_of(conn, wanted)
        known_clocks = due.clocks_of_order(conn, wanted)
        timeline = timeline_of(conn, wanted)
    if as_json:
        print_json(
            {
                "order": present.order(wanted),
                "messages": [present.message(row, links[row.seq]) for row in rows],
                "entries": [present.event(event) for event in events],
                "dossier": dossiers.plain(standing),
                "clocks": [clocks.plain(one, app.clock.now()) for one in known_clocks],
                "parcels": [{"carrier": p.carrier, "number": p.number} for p in parcels],
                "products": [{"kind": p.kind, "value": p.value} for p in products],
                "reported": present.reported(reported) if reported is not None else None,
            }
        )
        return
    click.echo(f"Order {wanted.value} ({wanted.marketplace}): {len(rows)} messages")
    if reported is not None:
        click.echo(f"Order report: {_told(reported)}")
    for parcel in parcels:
        click.echo(f"Parcel: {parcel.carrier} {parcel.number}")
    if standing.by is not None:
        click.echo(f"Dossier: {dossiers.said(standing)}")
    for one in due.oldest_waits(known_clocks):
        click.echo(f"Clock: {one.name} due {when(one.due_at)}, since message {one.message} ({one.said})")
    for line in lines_of(timeline) if timeline is not None else ():
        click.echo(line)


def _told(reported: Reported) -> str:
    said = [f"placed {when(reported.placed_at)}"] if reported.placed_at else []
    said += [f"{kind} {value}" for kind, value in reported.products]
    said += [f"shipped {when(at)} ({number})" for _, number, at in reported.parcels if at is not None]
    return ", ".join([*said, *([f"buyer {reported.alias}"] if reported.alias else [])]) or "known"


COMMANDS = (search, show, order)
