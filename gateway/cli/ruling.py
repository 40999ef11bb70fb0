"""``docket rules``: see what the rules would do before they do it."""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gateway.app import App
from gateway.cli import present
from gateway.cli.frame import Place, json_option, pass_place, print_json, when
from gateway.cli.replaying import explain_, replay_, step_in_words
from gateway.drafting import known_to
from gateway.errors import WrongUse
from gateway.shelf import RULES, Since, in_force
from gateway.trial import try_archived, try_raw
from rules.changes import report_on
from rules.errors import BookError, Fault
from rules.examples import broken_examples
from rules.explain import explain
from rules.marketplace import builtin_texts, load_marketplaces
from rules.mistakes import faults_of
from rules.ruleset import load_ruleset


@click.group()
def rules() -> None:
    """Check the rule book and try it on mail."""


@rules.command()
@json_option
@pass_place
def check(place: Place, as_json: bool) -> None:
    """Read the rule book and every marketplace file, try their examples, and say what of ours they change."""
    app = place.app()
    files = app.files()
    faults = [*files.unread.values(), *(files.located(str(one)) for one in _faults(app, files.rules))]
    report, examples = [], []
    try:
        made = load_marketplaces({**builtin_texts(), **files.own})
        report = report_on(files.own)
        examples = broken_examples(made)
    except BookError as wrong:
        faults.append(files.located(str(wrong)))
    names = [] if faults else [rule.name for rule in load_ruleset(files.rules).rules]
    now = in_force(app.archive) if app.config.secrets.is_dir() else {}
    stands = {name: now.get(name) for name in dict.fromkeys((RULES, *files.own, *files.unread))}
    if as_json:
        print_json(
            {
                "rules": names,
                "marketplaces": report,
                "broken_examples": examples,
                "faults": faults,
                "in_force": _version(stands.pop(RULES)),
                "own_in_force": {name: _version(one) for name, one in stands.items()},
            },
        )
    else:
        if not faults:
            click.echo(f"{len(names)} rules in {app.config.rules or 'no rule book'}: all readable.")
        for name, one in stands.items():
            if one is not None:
                click.echo(f"In force: {name}, {one}.")
        for line in (*report, *examples):
            click.echo(line)
        for line in faults:
            click.echo(line, err=True)
    if faults:
        raise SystemExit(2)
    if examples:
        raise SystemExit(1)


def _version(one: Since | None) -> dict[str, Any] | None:
    return None if one is None else {"sha256": one.sha256, "since": when(one.at), "entry": one.seq}


def _faults(app: App, text: str) -> tuple[Fault, ...]:
    """Return all that is wrong with a rule book, names that nobody knows too."""
    return faults_of(text, file="rules.toml", known=known_to(app))


@rules.command(name="try")
@click.argument("mail")
@click.option("--trusted", is_flag=True, help="As if a trusted peer had handed the mail over.")
@json_option
@pass_place
def try_(place: Place, mail: str, trusted: bool, as_json: bool) -> None:
    """Say what the rules would decide for one MAIL, and why. Nothing is stored or sent.

    MAIL is a file, or the number of an archived message: that is decided on what was known when it came. A file whose
    name is a number is given as ./NUMBER.
    """
    app = place.app()
    ruleset = load_ruleset(app.files().rules)  # as it is written now: a mistake is told, not passed over
    book = replace(app.book, ruleset=ruleset)
    with contextlib.closing(app.readers(count=1)) as readers:
        if mail.isascii() and mail.isdigit():
            if trusted:
                raise WrongUse("--trusted is for files; who handed over an archived message is known")
            one = try_archived(app.archive, app.store, int(mail), book, readers)
        else:
            one = try_raw(_read(Path(mail)), book, readers, trusted=trusted, now=app.clock.now())
    decision, steps = one.decision, one.steps
    if as_json:
        print_json(
            {
                **present.mail(one.mail, one.reading, file=mail, direction=one.facts.direction),
                "links": [present.bare_link(link) for link in decision.links],
                "tags": decision.tags,
                "actions": decision.actions,
                "reasons": explain(decision),
                "steps": [
                    {
                        "rule": step.rule,
                        "matched": step.matched,
                        "failed": step.failed,
                        "skipped": step.skipped,
                    }
                    for step in steps
                ],
            }
        )
        return
    for line in (*explain(decision), *map(step_in_words, steps)):
        click.echo(line)


def _read(place: Path) -> bytes:
    try:
        return place.read_bytes()
    except OSError as wrong:
        raise WrongUse(f"{place}: {wrong.strerror}") from wrong


rules.add_command(replay_)
rules.add_command(explain_)

COMMANDS = (rules,)
