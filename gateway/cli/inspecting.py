"""``docket inspect``: what Docket reads in mail files, without an archive."""

import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from gateway.authenticity.resolver import Resolver
from gateway.cli import present
from gateway.cli.frame import json_option, print_json
from gateway.door.address import split_address
from gateway.errors import WrongUse
from gateway.extraction import Extractor, Opening
from gateway.mail.authenticity.check import Trust, check
from gateway.mail.authenticity.record import wire_of
from gateway.mail.entry import Envelope
from gateway.mail.message import ParsedMail
from gateway.mail.parse import parse
from gateway.shape import facts_of, occurred
from gateway.store.authenticity import authentic_in
from rules.facts import Authentic
from rules.marketplace import builtin
from rules.named import direction_of
from rules.read import believed, read

_DNS_S = 10.0  # for all questions about one file
_EPOCH = datetime.fromtimestamp(0, UTC)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--dns",
    default="",
    metavar="system|IP:PORT",
    help="Ask the system's name servers, or this one, who is proven to have sent it. Nobody is asked without it.",
)
@json_option
def inspect(files: tuple[Path, ...], dns: str, as_json: bool) -> None:
    """Say what Docket reads in mail FILES, without an archive.

    With --dns also what their signatures prove by the keys of today. A file does not say which server handed it over, so
    that SPF proves nothing; and a key that has changed since proves nothing any more.
    """
    resolver = _resolver(dns)
    marketplaces = builtin()
    unread = 0
    with closing(Extractor(Opening())) as extractor:
        for path in files:
            try:
                raw = path.read_bytes()
            except OSError as wrong:
                click.echo(f"docket: {path}: {wrong.strerror}", err=True)
                unread += 1
                continue
            parsed = extractor.extend(parse(raw), raw)
            authentic = _asked(resolver, raw, parsed) if resolver is not None else None
            envelope = Envelope(source="import", received_at=_EPOCH)
            direction = direction_of(facts_of(parsed, envelope, outbound=False), marketplaces)
            facts = facts_of(parsed, envelope, outbound=direction == "outbound", authentic=authentic)
            reading = believed(read(facts, marketplaces), facts, marketplaces)
            if as_json:
                shown = present.mail(parsed, reading, file=str(path), direction=direction)
                sender = {} if authentic is None else {"authenticity": msgspec.to_builtins(authentic)}
                print_json({**shown, **sender})
                continue
            click.echo(f"{path}: {reading.marketplace or 'no marketplace'} {reading.kind}".rstrip())
            click.echo(f"  {parsed.subject}")
            if authentic is not None:
                click.echo(
                    f"  sender: {authentic.result}" + (f", {authentic.reason}" if authentic.reason else "")
                )
            for found in reading.orders:
                click.echo(
                    f"  order {found.order.value} ({found.confidence}) in {found.where}: {found.reason}"
                )
            for defect in parsed.defects:
                click.echo(f"  defect: {defect}")
    if unread:
        raise click.exceptions.Exit(1)


def _resolver(dns: str) -> Resolver | None:
    if dns in {"", "system"}:
        return Resolver() if dns else None
    try:
        return Resolver((split_address(dns),))
    except (WrongUse, ValueError) as wrong:
        raise WrongUse(
            f"--dns {dns}: write system, or a name server's address such as 192.0.2.1:53"
        ) from wrong


def _asked(resolver: Resolver, raw: bytes, parsed: ParsedMail) -> Authentic:
    """Return what is proven about a file's sender by what DNS says now, as of when the message came."""
    came, _ = occurred(parsed, Envelope(source="import", received_at=datetime.now(UTC)))
    wire = wire_of(
        Envelope(source="import", received_at=came)
    )  # a signature that has expired since was good then
    until = time.monotonic() + _DNS_S
    return authentic_in(check(raw, wire, lambda name, kind: resolver.ask(name, kind, until), Trust()))


COMMANDS = (inspect,)
