"""The documentation names everything a rule book may say."""

from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from rules.actions import Action
from rules.changes import report_on
from rules.kinds import KINDS
from rules.marketplace import builtin, builtin_texts, load_marketplaces
from rules.policy import DEFAULTS
from rules.ruleset import load_ruleset
from rules.when import When

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("field", [field.encode_name for field in msgspec.structs.fields(When)])
def test_every_condition_has_its_row(field):
    assert f"\n| `{field}` |" in TEXT


@pytest.mark.parametrize("action", Action.__args__, ids=lambda action: action.__name__)
def test_every_action_has_its_row_with_all_its_fields(action):
    row = TEXT.split(f"\n| `{action.__struct_config__.tag}` |")[-1].split("\n")[0]
    assert all(f"`{field.encode_name}`" in row for field in msgspec.structs.fields(action))


@pytest.mark.parametrize("check, weight", DEFAULTS.items())
def test_every_check_has_its_row_with_its_default(check, weight):
    assert TEXT.split(f"\n| `{check}` |")[-1].split("\n")[0].endswith(f"| {weight} |")


def _toml(name):
    return (DOCS / name).read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]


def test_the_rule_books_shown_are_right():
    assert len(load_ruleset(_toml("rules.md")).rules) == 2
    assert len(load_ruleset(_toml("howto/add-a-rule.md")).rules) == 1


def test_the_marketplace_shown_is_right_and_keeps_its_promises():
    from rules.examples import broken_examples

    shown = load_marketplaces({**builtin_texts(), "lampen.toml": _toml("howto/add-a-marketplace.md")})
    assert broken_examples(shown) == []


@pytest.mark.parametrize("kind, means", KINDS.items())
def test_every_kind_has_its_row(kind, means):
    assert f"\n| `{kind}` | {means} |" in TEXT


def test_the_addition_shown_changes_what_it_says():
    page = (DOCS / "howto/add-a-marketplace.md").read_text(encoding="utf-8")
    text = page[page.index("    extends") : page.index("`docket rules check` says what")]
    report = page[page.index("    more.toml: adds") : page.index("An address belongs to one")]
    assert report_on({"more.toml": dedent(text)}) == dedent(report).strip().split("\n")


MARKETPLACES = (DOCS / "marketplaces.md").read_text(encoding="utf-8")


def _row(file):
    """What the page of marketplaces says of one, from its file."""
    known = (
        [f"buyers' addresses ({', '.join(dict.fromkeys(relay.basis for relay in file.relay))})"]
        if file.relay
        else []
    )
    known += ["its own senders"] if file.notice_domains or file.notice_senders else []
    known += ["its name and a labelled order"] if file.known_by_orders else []
    clocks = [f"{clock.name} {clock.hours:g} h ({clock.basis})" for clock in file.clocks]
    kinds = len({kind.name for kind in file.kinds})
    languages = sorted({language for kind in file.kinds for language in kind.subjects})
    return " | ".join(
        [
            f"| `{file.name}`",
            file.title,
            "; ".join(known) or "-",
            f"{kinds}: {', '.join(languages)}" if kinds else "-",
            file.policy.reply_by_mail,
            f"{'; '.join(clocks) or '-'} |",
        ]
    )


@pytest.mark.parametrize("market", builtin().marketplaces.values(), ids=lambda market: market.name)
def test_every_marketplace_has_its_row(market):
    assert _row(market.file) in MARKETPLACES.split("\n")


def test_every_operator_is_named():
    for market in builtin().marketplaces.values():
        for operator in market.file.operators:
            assert operator.title in MARKETPLACES


def test_the_carrier_shown_is_right_and_keeps_its_promises():
    from rules.examples import broken_examples

    shown = load_marketplaces(
        {**builtin_texts(), "carriers/lampenpost.toml": _toml("howto/add-a-carrier.md")}
    )
    assert broken_examples(shown) == []
