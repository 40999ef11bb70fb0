"""``docket access``: everything held on one person or order, in a folder to hand to them (GDPR Art. 15)."""

import json
from pathlib import Path

import click
import msgspec

from gateway.cli.act import agent_option
from gateway.cli.erasing import target_of
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.erasure.certificate import ranges
from gateway.errors import Temporary, WrongUse
from gateway.evidence.recording import record
from gateway.mail.canonical import canonical
from gateway.mail.entry import MAIL_TYPES, Draft
from gateway.mail.uid_sets import compact
from gateway.store import fold
from gateway.supervise import bring_up

_README = """Everything that is held on {target}, as of {at}.

messages/     the mail itself, byte for byte
files/        other files that were kept with it
entries.json  what else is recorded: what was decided, done and written about it, entry by entry
Messages {shared} name orders of others too: a person must look at them before this is handed over.
"""


@click.command()
@click.argument("target")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="A folder to make.")
@click.option("--marketplace", default="", help="Whose order it is, where the number alone does not say.")
@agent_option
@json_option
@pass_place
def access(place: Place, target: str, output: Path, marketplace: str, agent: str, as_json: bool) -> None:
    """Write everything held on TARGET, an address or an order, into a new folder. An entry says who took it."""
    app = place.app()
    bring_up(app)
    with app.store.read() as conn:
        read_to = fold.position(conn)
    meant = target_of(place, app, target, marketplace)
    plan = app.eraser.plan(meant)
    if not plan.messages and not plan.erased:
        raise WrongUse(f"nothing is held on {meant.words}")
    try:
        output.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise WrongUse(f"{output} is there already; name a new folder") from None
    holds = [seq for seq, _ in plan.erased]
    payload = {
        "target": msgspec.to_builtins(meant),
        "messages": len(plan.messages),
        "entries": len(holds),
        "holds": compact(holds),
        "agent": agent,
    }
    seq = record(app.archive, Draft(type="access", payload=canonical(payload), meta={}), holds, read_to)
    if seq is None:
        output.rmdir()
        raise Temporary("some of it is being erased; try again")
    told = []
    for name in ("messages", "files"):
        (output / name).mkdir()
    for held, of in plan.erased:
        entry = app.archive.entry(held, erased=True)
        line: dict[str, object] = {"entry": held, "type": entry.type, "at": when(entry.at), "about": of}
        if entry.erased is None and entry.type in MAIL_TYPES:
            line |= {"file": f"messages/{held}.eml", "envelope": entry.meta}
            (output / "messages" / f"{held}.eml").write_bytes(entry.payload)
        elif entry.erased is None and entry.type == "evidence":
            line |= {"file": f"files/{held}", "meta": entry.meta}
            (output / "files" / str(held)).write_bytes(entry.payload)
        elif entry.erased is None and entry.type != "orders":  # a report tells of others' orders too
            line |= {"said": json.loads(entry.payload), "meta": entry.meta}
        told.append(line)
    (output / "entries.json").write_text(json.dumps(told, indent=1), encoding="ascii")
    shared = ranges(plan.shared) or "(none)"
    readme = _README.format(target=meant.words, at=when(app.clock.now()), shared=shared)
    (output / "README.txt").write_text(readme, encoding="utf-8")
    if as_json:
        print_json({"seq": seq, "messages": len(plan.messages), "entries": len(told), "shared": plan.shared})
        return
    click.echo(
        f"{len(plan.messages)} messages and {len(told)} entries are in {output}; entry {seq} says who took them."
    )
    if plan.shared:
        click.echo(f"Look at these before you hand it over, they name other orders too: {shared}")


COMMANDS = (access,)
