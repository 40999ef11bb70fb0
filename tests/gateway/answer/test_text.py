"""The text of an answer: the same facts in every language, nothing else, within the room there is."""

import re
import string
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import msgspec
import pytest

from gateway.answer.case import KINDS, Absence, Case, Parcel, Reply, Said, plain
from gateway.answer.lacks import lacks_of
from gateway.answer.phrases import LANGUAGES, Phrases, phrases_of
from gateway.answer.text import write
from gateway.store.due import ClockRow

AT = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
CLAIM = ClockRow(
    message=40,
    name="claim_answer",
    by=41,
    kind="claim_opened",
    mailbox="s@b.example",
    marketplace="amazon",
    orders=(),
    started_at=AT + timedelta(days=5),
    due_at=AT + timedelta(days=7),
    said="48 hours",
)
CASE = Case(
    order="112-1234567-1234567",
    marketplace="Amazon",
    kind="a-to-z",
    claim=CLAIM,
    placed=AT - timedelta(days=9),
    placed_entries=(3,),
    parcels=(
        Parcel(carrier="dhl", number="00340434161094021501", shipped=AT - timedelta(days=8), entries=(4, 3)),
    ),
    scans=(Said(what="in Paris, 20.11.", at=AT, entries=(5,)),),
    proofs=(Said(what="signed: Klein", at=AT, entries=(6,)),),
    replies=(Reply(asked=AT, answered=AT + timedelta(hours=3, minutes=7), entries=(10, 11, 12)),),
    documents=(Said(what="invoice.pdf", at=AT, entries=(11, 13)),),
    returned=(),
    offers=tuple(
        Said(what=what, at=AT, entries=(20,)) for what in ("refund", "part", "replacement", "label")
    ),
    absence=None,
    doubt="",
)
PARIS = ZoneInfo("Europe/Paris")


def text_of(case=CASE, language="en", *, zone=PARIS, limit=0):
    return write(case, language, zone=zone, sender="Brand Support", limit=limit)


def fields(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_every_sentence_with_the_same_facts_in_it(language):
    def leaves(told):
        return {
            f"{key}.{inner}" if isinstance(value, dict) else key: said
            for key, value in told.items()
            for inner, said in (value.items() if isinstance(value, dict) else [("", value)])
        }

    mine, english = (leaves(msgspec.to_builtins(phrases_of(one))) for one in (language, "en"))
    assert mine.keys() == english.keys()
    free = {"salutation"}  # a language may greet nobody by name
    different = {key for key in mine if fields(mine[key]) != fields(english[key])} - free
    assert different == set()
    source = files("gateway.answer").joinpath("phrases", f"{language}.toml").read_text(encoding="utf-8")
    assert tomllib.loads(source).keys() == {one.name for one in msgspec.structs.fields(Phrases)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_case_is_told_with_its_numbers_and_nothing_unfilled(language, kind):
    text = str(text_of(replace(CASE, kind=kind), language))
    for fact in (
        "112-1234567-1234567",
        "00340434161094021501",
        "DHL",
        "signed: Klein",
        "in Paris, 20.11.",
        "invoice.pdf",
    ):
        assert text.count(fact) == 1, fact
    assert "{" not in text
    assert "  " not in text
    assert text.endswith("Brand Support\n")
    assert "UTC" in text
    assert "CET" in text
    assert re.search(r"\b3\W*(h|Std|u|godz|時間)", text)


def test_a_moment_is_said_in_utc_and_where_the_seller_is():
    moments = [one.text for one in text_of().sentences if "placed" in one.text]
    assert moments == ["The order was placed on 11 November 2026, 23:30 UTC (12 November 2026, 00:30 CET)."]
    near = replace(CASE, placed=AT.replace(hour=9))
    assert "20 November 2026, 09:30 UTC (10:30 CET)" in str(text_of(near))
    assert "20 November 2026, 09:30 UTC." in str(text_of(near, zone=UTC))


def test_each_sentence_of_fact_names_its_entries():
    shown = {one.text: one.entries for one in text_of().sentences}
    told = [entries for text, entries in shown.items() if re.search(r"\d", text) and "112-" not in text]
    assert all(told)
    assert (4, 3) in told
    assert (10, 11, 12) in told


def test_many_answers_are_told_together():
    replies = tuple(
        Reply(asked=AT + timedelta(days=n), answered=AT + timedelta(days=n, hours=n), entries=(n, n + 1))
        for n in range(1, 6)
    )
    waiting = Reply(asked=AT + timedelta(days=9), answered=None, entries=(90,))
    text = text_of(replace(CASE, replies=(*replies, waiting)))
    (told,) = [one for one in text.sentences if "5 answers" in one.text]
    assert "slowest after 5 h 0 min" in told.text
    assert 90 not in told.entries


@pytest.mark.parametrize("language", LANGUAGES)
def test_that_nothing_came_is_said_with_its_breaks(language):
    gap = (AT - timedelta(days=3), AT - timedelta(days=3, hours=-2))
    found = Absence(begin=AT - timedelta(days=9), end=AT, breaks=(), entries=(1, 2))
    whole = str(text_of(replace(CASE, absence=found), language))
    broken = str(text_of(replace(CASE, absence=replace(found, breaks=(gap,))), language))
    assert whole != broken
    assert "23:30" in broken
    assert " – " in broken


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("limit", [2000, 1000, 600, 400])
def test_a_text_fits_and_keeps_what_matters_most(language, limit):
    text = text_of(language=language, limit=limit)
    assert len(str(text)) <= limit or not any(one.rank for one in text.sentences)
    assert "112-1234567-1234567" in str(text)
    whole = text_of(language=language)
    assert len(text.sentences) + len(text.left_out) == len(whole.sentences)
    assert max((one.rank for one in text.sentences), default=0) <= min(
        (one.rank for one in text.left_out), default=9
    )


def test_what_strangers_wrote_stays_on_its_line():
    hostile = "a\u202eb\r\n\r\nDear Amazon, we did it\u0000\u200b" + "x" * 500
    assert plain(hostile) == ("ab Dear Amazon, we did it" + "x" * 500)[:59] + "…"
    assert plain("{order} {0}") == "{order} {0}"
    case = replace(CASE, documents=(Said(what=plain("{order}.pdf"), at=AT, entries=(1,)),))
    assert "{order}.pdf" in str(text_of(case))


def test_what_is_missing_is_told_beforehand():
    said = "\n".join(lacks_of(CASE, AT))
    assert said == ""
    bare = replace(
        CASE,
        parcels=(),
        proofs=(),
        scans=(),
        documents=(),
        replies=(
            Reply(asked=AT, answered=AT + timedelta(hours=25), entries=(7, 8)),
            Reply(asked=AT, answered=None, entries=(9,)),
        ),
        doubt="nobody looked",
    )
    said = "\n".join(lacks_of(bare, AT + timedelta(days=8)))
    for words in (
        "no parcel",
        "no proof of delivery",
        "no scan",
        "no documents",
        "message 7 came after",
        "message 9 of the buyer is unanswered",
        "nobody looked",
        "deadline has passed",
    ):
        assert words in said
    assert "stopped already (entry 50)" in "\n".join(
        lacks_of(replace(CASE, claim=msgspec.structs.replace(CLAIM, stopped_by=50)), AT)
    )
    assert "answers nothing" in "\n".join(lacks_of(replace(CASE, claim=None), AT))
