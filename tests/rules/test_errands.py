"""What a mail to Docket asks for, and when it is unclear."""

import re

import pytest

from rules.errands import NO_ERRANDS, Errand, ErrandAddress, NoErrand, own_lines
from rules.marketplace import builtin

AT = ErrandAddress(domain="docket.local")


@pytest.mark.parametrize(
    ("address", "own", "errand"),
    [
        (
            "note+302-1@docket.local",
            "Call her back.",
            Errand(kind="note", ref="302-1", text="Call her back."),
        ),
        ("NOTE@Docket.Local", "one\ntwo", Errand(kind="note", text="one\ntwo")),
        ('"note+a b"@docket.local', "x", Errand(kind="note", ref="a b", text="x")),
        ("order+ebay=12-34567-89012@docket.local", "", Errand(kind="order", ref="ebay=12-34567-89012")),
        ("tag+Damage@docket.local", "", Errand(kind="tag", tag="damage")),
        ("docket@docket.local", "#refund", Errand(kind="tag", tag="refund")),
        ("docket@docket.local", "#order 302-1", Errand(kind="order", ref="302-1")),
        (
            "docket@docket.local",
            "Hello\n[Note] Call her\nback.\n",
            Errand(kind="note", text="Call her\nback."),
        ),
    ],
)
def test_an_address_or_a_line_says_what_to_do(address, own, errand):
    assert AT.errands_of([address], own) == (errand,)


def test_lines_ask_for_several_things_each_once():
    found = AT.errands_of(["docket@docket.local"], "#a #b\n[note] x\n\n[note] y\n#a")
    assert [(one.kind, one.tag or one.text) for one in found] == [
        ("tag", "a"),
        ("tag", "b"),
        ("note", "x"),
        ("note", "y"),
    ]


@pytest.mark.parametrize(
    ("address", "own", "words"),
    [
        ("note+1@docket.local", "  ", "the note is empty"),
        ("order@docket.local", "x", "is no address of Docket's; write to note+ORDER@docket.local"),
        ("tag+@docket.local", "", "is no address of Docket's"),
        ("tag+two words@docket.local", "", "a tag is one word"),
        ("refund+1@docket.local", "", "is no address of Docket's"),
        ("order+" + "1" * 101 + "@docket.local", "", "is too long"),
        ("docket@docket.local", "Please refund", "does not say what to do"),
        ("docket@docket.local", "", "does not say what to do"),
        ("docket@docket.local", "#refund now", "no list of tags"),
        ("docket@docket.local", "#a;b", "no tag"),
        ("docket@docket.local", "\n".join(f"#t{n}" for n in range(30)), "more than 20"),
        ("note@docket.local", "x" * 20_001, "20000 characters"),
    ],
)
def test_what_is_unclear_is_refused_with_words(address, own, words):
    with pytest.raises(NoErrand, match=re.escape(words)):
        AT.errands_of([address], own)


def test_only_the_whole_domain_is_docket_s():
    assert not any(map(AT.holds, ["a@notdocket.local", "a@docket.local.evil", "docket.local", "", "a@"]))
    assert not NO_ERRANDS.holds("a@")


def test_own_lines_are_as_written_without_quotes_and_signature():
    text = "Ruf sie an – 5 € Gutschein.\r\n> quoted\r\nZweite Zeile\r\n-- \r\nAnna\r\n"
    assert own_lines(builtin(), text) == "Ruf sie an – 5 € Gutschein.\nZweite Zeile"
    below = "Ship a new one.\n\nOn Mon, Nov 23, 2026 at 9:15 AM Maria <m@x.example> wrote:\n\nsecret of the buyer\n"
    assert own_lines(builtin(), below) == "Ship a new one."
