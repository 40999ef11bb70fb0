from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.query import (
    Among,
    And,
    Everything,
    Not,
    Or,
    Prefix,
    QueryError,
    Sequence,
    Span,
    Term,
    Wait,
    parse_query,
)

SAME = [
    ("  refund   box ", "refund box"),
    ("refund AND box", "refund box"),
    ("NOT refund", "-refund"),
    ("((refund))", "refund"),
    ("(a b) c", "a b c"),
    ("a OR (b OR c)", "a OR b OR c"),
    ("a b OR c d", "a b OR c d"),
    ("(a OR b) c", "(a OR b) c"),
    ("-(a b)", "-(a b)"),
    ("“damaged box” „kaputt“", '"damaged box" "kaputt"'),
    ('refund"box"', 'refund "box"'),
    ("TAG:claim", "tag:claim"),
    ("tag：claim　（a OR b）", "tag:claim (a OR b)"),
    ('tag:"Prio 1"', 'tag:"Prio 1"'),
]


@pytest.mark.parametrize(("text", "canonical"), SAME)
def test_a_query_is_written_one_way(text: str, canonical: str) -> None:
    assert str(parse_query(text)) == canonical


def test_words_bind_closer_than_or() -> None:
    a, b, c = (parse_query(letter) for letter in "abc")
    assert parse_query("a b OR c") == Or((And((a, b)), c))
    assert parse_query("a (b OR -c)") == And((a, Or((b, Not(c)))))
    assert parse_query(" ") == Everything()


LEAVES = [
    ("refunded", Term(source="refunded", field="stem", term="refund")),
    ('"refunded"', Term(source='"refunded"', field="all", term="refunded")),
    ("112-1234567-1234567", Term(source="112-1234567-1234567", field="all", term="11212345671234567")),
    ("order:112-1-2", Term(source="order:112-1-2", field="order", term="11212")),
    ("e-mail", Sequence(source="e-mail", field="all", terms=("e", "mail"))),
    ("返品", Term(source="返品", field="all", term="返品")),
    ("返", Prefix(source="返", field="all", prefix="返")),
    ("Rück*", Prefix(source="Rück*", field="vocabulary", prefix="ruck")),
    ("filename:*.PDF", Term(source="filename:*.PDF", field="extension", term="pdf")),
    ("in:Inbound", Term(source="in:Inbound", field="direction", term="inbound")),
    ("auth:Fail", Term(source="auth:Fail", field="auth", term="fail")),
    ("id:<A-1@x.example>", Term(source="id:<A-1@x.example>", field="all", term="a-1@x.example")),
    ("from:anna@x.example", Term(source="from:anna@x.example", field="from", term="anna@x.example")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "leaf"), LEAVES)
def test_a_word_says_what_it_looks_for(text: str, leaf: Term) -> None:
    assert parse_query(text) == leaf


def second(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp())


DAYS = [
    ("after:2026-03-29", "UTC", second(2026, 3, 29), None),
    ("before:2026-03-29", "UTC", None, second(2026, 3, 29)),
    ("after:2026-03-29", "Europe/Berlin", second(2026, 3, 28, 23), None),
    ("on:2026-03-29", "Europe/Berlin", second(2026, 3, 28, 23), second(2026, 3, 29, 22)),  # a day of 23 hours
    ("after:2026-01-31T14:30", "Asia/Tokyo", second(2026, 1, 31, 5, 30), None),
    ("before:2026-01-31t14:30:10z", "Asia/Tokyo", None, second(2026, 1, 31, 14, 30, 10)),
    ("before:2026-01-31T14:30+02:00", "UTC", None, second(2026, 1, 31, 12, 30)),
]


@pytest.mark.parametrize(("text", "zone", "since", "until"), DAYS)
def test_a_bare_date_is_a_day_in_the_viewers_zone(text: str, zone: str, since, until) -> None:
    assert parse_query(text, tz=ZoneInfo(zone)) == Span(source=text, since=since, until=until)


WRONG = [
    ("foo:bar", 1, "no field “foo”"),
    ("refund foo:bar", 8, "no field “foo”"),
    ("a (b", 3, "not closed"),
    ("a) b", 2, "closes nothing"),
    ("()", 2, "missing"),
    ("a OR", 3, "follow"),
    ("OR a", 1, "missing"),
    ('a "b', 3, "not closed"),
    ('""', 1, "no letter"),
    ("a & b", 3, "no letter"),
    ("a - b", 3, "directly before"),
    ("tag:", 1, "directly after"),
    ("tag: claim", 1, "directly after"),
    ("re*und", 1, "end of a word"),
    ("*", 1, "no letter"),
    ("a*", 1, "at least 2"),
    ("abc~", 1, "4 letters"),
    ("foo/bar*", 1, "single word"),
    ("e-mail*", 1, "single word"),
    ("in:drafts", 1, "inbound, outbound, internal"),
    ("has:fun", 1, "attachment, order, tag"),
    ("auth:maybe", 1, "pass, fail, none, unchecked"),
    ("link:sure", 1, "certain, likely, possible, none"),
    ("a is:overdue", 3, "cannot be asked for here"),
    ("is:late", 1, "overdue, unanswered, answered, asked"),
    ("a due:4h", 3, "due:<4h"),
    ("due:<4y", 1, "due:<4h"),
    ("before:tomorrow", 1, "2026-01-31"),
    ("after:2026-02-30", 1, "2026-01-31"),
    ("after:0001-01-01", 1, "1970"),
    ("on:9999-12-31", 1, "2200"),
    ("on:2026-01-31T10:00", 1, "day"),
    ("a " * 101, 201, "100 words"),
    ("ab* " * 11, 41, "10 words"),
    ("a" * 2001, 2001, "2000 characters"),
    ("(" * 30 + "a" + ")" * 30, 22, "nested"),
    ("-" * 40 + "a", 22, "nested"),
]


@pytest.mark.parametrize(("text", "column", "words"), WRONG)
def test_what_cannot_be_read_is_told_with_its_column(text: str, column: int, words: str) -> None:
    with pytest.raises(QueryError) as told:
        parse_query(text)
    assert (told.value.column, words in told.value.message) == (column, True), told.value


WAITS = {
    Wait(reply=True): {1, 2, 3},
    Wait(under_s=0): {2},
    Wait(under_s=4 * 3600): {2, 3},
    Wait(over_s=2 * 86_400): {9},
}
ASKED = Term(source="is:asked", field="is", term="asked")
CLOCKS = [
    ("is:asked", ASKED),
    ("is:Overdue", Among(source="is:overdue", seqs=frozenset({2}))),
    ("is:unanswered", Among(source="is:unanswered", seqs=frozenset({1, 2, 3}))),
    ("is:answered", And((ASKED, Not(Among(source="is:unanswered", seqs=frozenset({1, 2, 3})))))),
    ("due:<4H", Among(source="due:<4h", seqs=frozenset({2, 3}))),
    ("due:>2d", Among(source="due:>2d", seqs=frozenset({9}))),
]


@pytest.mark.parametrize(("text", "tree"), CLOCKS)
def test_words_about_clocks_become_the_messages_whose_clocks_run(text: str, tree) -> None:
    def ask(query: str):
        return parse_query(query, waits=WAITS.__getitem__)

    assert ask(text) == tree
    for around in (text, f"-{text}", f"lamp {text}", f"{text} OR lamp", f"NOT ({text} lamp)"):
        assert ask(str(ask(around))) == ask(around)


PIECES = st.sampled_from(
    ["(", ")", "-", "OR", "AND", "NOT", '"', "*", "~", ":", "tag:", "order:", "subject:", "before:", "filename:*.", " ",
     "“", "refund", "返品", "返", "112-1234567-1234567", "2026-01-31", "é", "a@b.example", "\u200b", "½", "："]
)  # fmt: skip


@given(
    st.one_of(
        st.text(), st.lists(PIECES, max_size=12).map("".join), st.lists(PIECES, max_size=12).map(" ".join)
    )
)
def test_any_text_gives_a_query_that_reads_back_or_an_error_with_a_column(text: str) -> None:
    try:
        query = parse_query(text)
    except QueryError as error:
        wrong = error
    else:
        assert parse_query(str(query)) == query
        return
    assert 1 <= wrong.column <= len(text) + 1
    assert wrong.message
