"""``docket rules replay`` and ``explain``: history by today's rules and policy, and why a message was decided so."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TypeVar

import click
import msgspec

from gateway.audit import Audited, audit
from gateway.cli.act import agent_option
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.cli.keep import Progress
from gateway.errors import WrongUse
from gateway.replay import Changes, Replayed, decide_again, decision_in, read_one, replay, steps_again, sums
from gateway.revision import revise
from gateway.shelf import put_in_force
from gateway.store import messages
from gateway.supervise import beside_worker
from gateway.versions import book_of, versions_of
from rules.decide import Tried
from rules.explain import explain
from rules.ruleset import load_ruleset

_T = TypeVar("_T")
_EVERY = 500  # messages between two words of progress


def _day(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise WrongUse(f"{text!r} is no day; write one such as 2026-01-31") from wrong
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@click.command(name="replay")
@click.option("--since", required=True, help="The first day, such as 2026-01-31 (UTC), or a time.")
@click.option("--until", default="", help="The day or time before which to stop.")
@click.option("--policy", is_flag=True, help="Hold what was sent against today's outbound policy instead.")
@click.option("--apply", "apply", is_flag=True, help="Let what differs take the place of what was decided.")
@agent_option
@json_option
@pass_place
def replay_(
    place: Place, since: str, until: str, policy: bool, apply: bool, agent: str, as_json: bool
) -> None:
    """Decide history by today's rule book and say what would differ. Nothing is changed, unless with --apply.

    With --apply each decision that comes out otherwise is archived and takes the place of the one that stood: links, tags,
    clocks and what a message is change, but for what people said of it. Nothing is ever sent for it. Ctrl-C ends it; what
    was found until then is summed up, and the same command goes on where it was.
    """
    begin, end = _day(since), _day(until) if until else None
    if policy and apply:
        raise WrongUse(
            "--policy looks at what was sent, and there is nothing to apply; leave one of the two out"
        )
    if policy:
        _policy(place, begin, end, as_json=as_json)
    elif apply:
        _apply(place, begin, end, agent=agent, as_json=as_json)
    else:
        app = place.app()
        book = replace(app.book, ruleset=load_ruleset(app.files().rules))
        with closing(app.readers()) as readers:
            found = replay(app.archive, app.store, readers, book, begin, end)
            _tell(found, as_json=as_json, done="would be decided otherwise")


def _apply(place: Place, since: datetime, until: datetime | None, *, agent: str, as_json: bool) -> None:
    app = place.app()
    if app.shelf.broken:
        raise WrongUse(f"history is decided again only by files without a fault: {app.shelf.broken[0].said}")
    progress = Progress()
    with beside_worker(app, wanted=True) as worker:
        for lag in worker.catch_up():
            progress.say(f"{lag} entries to understand first")
        progress.end()
        put_in_force(app.archive, app.book)
        with closing(app.readers()) as readers:
            found = replay(app.archive, app.store, readers, app.book, since, until)
            _tell(revise(app.archive, found, agent), as_json=as_json, done="decided otherwise now")
        for lag in worker.catch_up():
            progress.say(f"{lag} entries to take up")
        progress.end()
    app.archive.close()


def _tell(found: Iterable[Replayed | None], *, as_json: bool, done: str) -> None:
    """Print what differs, message after message, and the sums; ``done`` says what that means."""
    changed: list[Changes] = []
    looked = unread = 0
    for one in _until_stopped(found):
        looked += 1
        if one is None:
            unread += 1
        elif changes := one.changes():
            changed.append(changes)
            _say(one, changes, as_json=as_json)
    if as_json:
        print_json({"looked_at": looked, "changed": len(changed), "unreadable": unread, **sums(changed)})
        return
    click.echo(f"{looked} messages, {len(changed)} {done}")
    for name, sides in sums(changed).items():
        if any(sides.values()):
            click.echo(f"  {name}: {sides['come']} more, {sides['gone']} fewer")
    if unread:
        click.echo(f"  {unread} left as they are: what was decided for them cannot be read")


def _say(one: Replayed, found: Changes, *, as_json: bool) -> None:
    if as_json:
        print_json({"seq": one.seq, "decided_by": one.by, "changes": found})
        return
    click.echo(f"message {one.seq}")
    for name, sides in found.items():
        for gone in sides["gone"]:
            click.echo(f"  - {name}: {gone}")
        for come in sides["come"]:
            click.echo(f"  + {name}: {come}")


def _policy(place: Place, since: datetime, until: datetime | None, *, as_json: bool) -> None:
    app = place.app()
    looked, by_check, minded = 0, dict[str, int](), 0
    with closing(app.readers()) as readers:
        audited: Iterator[Audited] = audit(
            app.archive, app.store, readers, app.marketplaces, app.policies(), since, until
        )
        for one in _until_stopped(audited):
            looked += 1
            if not one.findings:
                continue
            minded += 1
            for finding in one.findings:
                by_check[finding.check] = by_check.get(finding.check, 0) + 1
            if as_json:
                findings = [asdict(finding) for finding in one.findings]
                print_json({"seq": one.seq, "agent": one.agent, "findings": findings})
                continue
            for finding in one.findings:
                click.echo(f"message {one.seq} {one.agent}: {finding.action}: {finding.message}")
    if as_json:
        print_json({"looked_at": looked, "minded": minded, "checks": by_check})
        return
    click.echo(f"{looked} messages sent, {minded} that today's policy minds")
    for check, number in sorted(by_check.items()):
        click.echo(f"  {check}: {number}")


@click.command(name="explain")
@click.argument("seq", type=click.IntRange(0))
@json_option
@pass_place
def explain_(place: Place, seq: int, as_json: bool) -> None:
    """Say why message SEQ was decided so: the reasons, each rule's step, and which versions of which files decided."""
    app = place.app()
    with app.store.read() as conn:
        row = messages.message(conn, seq)
    if row is None or row.decided_by is None:
        raise WrongUse(f"there is no decision for an entry {seq}")
    decision = decision_in(app.archive.entry(row.decided_by))
    versions = versions_of(app.archive, decision)
    book = book_of(app.archive, decision)
    steps: tuple[Tried, ...] = ()
    same = None
    if book is not None:
        with closing(app.readers()) as readers:
            entry = app.archive.entry(seq)
            understood = read_one(readers, entry)
        steps = steps_again(entry, understood, decision, book)
        same = decide_again(entry, understood, decision, book) == decision
    if as_json:
        print_json(
            {
                "seq": seq,
                "decided_by": row.decided_by,
                "reasons": explain(decision),
                "steps": [asdict(one) for one in steps],
                "books": [{**asdict(one), "at": when(one.at)} for one in versions],
                "same_again": same,
                "language": decision.language,
                "context": msgspec.to_builtins(decision.context, order="sorted"),
            }
        )
        return
    for line in (*explain(decision), *map(step_in_words, steps)):
        click.echo(line)
    for one in versions:
        if one.name == "rules.toml" or one.name.removesuffix(".toml") == decision.reading.marketplace:
            click.echo(f"{one.name}, version {one.sha256[:16]}, kept as entry {one.seq} since {when(one.at)}")
    if same is False:
        click.echo(
            "decided again from the archive it comes out otherwise: another version of Docket decided it"
        )


def step_in_words(tried: Tried) -> str:
    """Return how one rule fared, as a line."""
    if tried.skipped:
        return f"rule {tried.rule}: not tried, a rule above it ends the list"
    return f"rule {tried.rule}: " + ("matches" if tried.matched else f"does not match: {tried.failed}")


def _until_stopped(found: Iterable[_T]) -> Iterator[_T]:
    """Yield until the end or Ctrl-C, telling a person at a terminal how far it is."""
    number = 0
    try:
        for number, one in enumerate(found, 1):
            yield one
            if number % _EVERY == 0 and sys.stderr.isatty():
                click.echo(f"{number} messages ...", err=True)
    except KeyboardInterrupt:
        click.echo(f"stopped after {number} messages", err=True)
