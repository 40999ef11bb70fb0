"""What is added to an order's dossier from outside the mail: files, and parcels that no mail names. Each is one entry."""

import hashlib
from pathlib import Path

import click

from gateway.cli.act import agent_option, append_act, order_named
from gateway.cli.frame import Place, json_option, pass_place, print_json
from gateway.errors import WrongUse
from gateway.mail.entry import Draft

KINDS = ("carrier-page", "proof-of-delivery", "photo", "chat", "invoice", "other")
_MOST_BYTES = 50 * 1024 * 1024
_SIGNS = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}


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
        if file.stat().st_size > _MOST_BYTES:
            raise WrongUse(f"{file} is larger than {_MOST_BYTES >> 20} MiB")
        data = file.read_bytes()
    except OSError as wrong:
        raise WrongUse(f"{file}: {wrong.strerror}") from wrong
    if not data:
        raise WrongUse(f"{file} is empty")
    meta = {
        "order": order_named(place, ref, marketplace=marketplace),
        "filename": file.name,
        "content_type": type_of(data),
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "kind": kind,
        "text": text,
        "agent": agent,
        "source": "command",
    }
    seq = place.app().archive.append(Draft(type="evidence", payload=data, meta=meta)).seq
    if as_json:
        print_json({"seq": seq, "sha256": meta["sha256"]})
    else:
        click.echo(f"Entry {seq}. SHA-256 {meta['sha256']}")


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
    bare = number.strip()
    if not 5 <= len(bare) <= 60 or not bare.replace("-", "").replace(" ", "").isalnum() or not bare.isascii():
        raise WrongUse(f"{number!r} is no tracking number")
    known = place.app().marketplaces.carriers
    if carrier and carrier not in known:
        raise WrongUse(f"--carrier {carrier}: known are {', '.join(sorted(known))}")
    order = order_named(place, ref, marketplace=marketplace)
    append_act(place, "parcel", {"order": order, "carrier": carrier, "number": bare, "agent": agent}, as_json)


def type_of(data: bytes) -> str:
    """Return what a file is by its first bytes; its name is anybody's word."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    found = (kind for sign, kind in _SIGNS.items() if data.startswith(sign))
    return next(found, "application/octet-stream")


COMMANDS = (evidence, parcel)
