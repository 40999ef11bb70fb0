"""Any decision on any archived message, replayed from the archive alone, comes out the same; other books say what differs."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.deciding import Book
from gateway.replay import decide_again, decision_in, facts_again, read_one, replay, sums
from gateway.store import messages
from gateway.versions import book_of, versions_of
from rules.facts import Authentic
from rules.marketplace import builtin, builtin_texts
from rules.ruleset import load_ruleset
from tests.small_house import BUYER, MAILBOX, ORDER, build_house, close, mail, new_readers, seed

LEAVES = st.sampled_from(
    ['direction = "inbound"', 'kind = "buyer_message"', 'subject = "frage|order"', 'text = "kaputt|broken"', "has_order = true",
     'language = "de"', 'language = ""', "order_older_than_days = 1", "order_newer_than_days = 1", "in_thread = true", 'tag = "a"',
     'link_confidence = ["certain", "likely"]', "has_attachment = true", "trusted = true", "order_known = true", 'agent = "anna"',
     'clock = "reply"', "older_than_hours = 1", "has_parcel = true", 'authenticity = "unchecked"']
)  # fmt: skip
GROUPS = st.recursive(
    LEAVES.map(lambda leaf: f"{{ {leaf} }}"),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["all", "any", "none"]), st.lists(inner, min_size=1, max_size=3)).map(
            lambda drawn: f"{{ {drawn[0]} = [{', '.join(drawn[1])}] }}"
        ),
        inner.map(lambda one: f"{{ not = {one} }}"),
    ),
    max_leaves=5,
)
ACTIONS = st.sampled_from(
    ['{ do = "tag", name = "a" }', '{ do = "tag", name = "b" }', '{ do = "untag", name = "a" }', '{ do = "mark", as = "urgent" }',
     "{ do = 'link', marketplace = 'shop', pattern = 'T-(\\d+)' }", '{ do = "assign", to = "anna" }', '{ do = "file", under = "x y" }',
     '{ do = "retain", class = "claims" }', '{ do = "hold" }']
)  # fmt: skip
RULES = st.lists(st.tuples(GROUPS, st.lists(ACTIONS, max_size=3), st.booleans()), min_size=1, max_size=6).map(
    lambda drawn: "\n".join(
        f"[[rule]]\nname = '{number}'\nwhen = {when}\nthen = [{', '.join(then)}]\nstop = {str(stop).lower()}"
        for number, (when, then, stop) in enumerate(drawn)
    )
)
WORDS = st.lists(
    st.sampled_from(
        [
            "Frage zur Bestellung",
            "order",
            ORDER,
            "302-1111111-2222222",
            "kaputt",
            "broken",
            "T-77",
            "1Z999AA10123456784",
            "Wo bleibt mein Paket",
        ]
    ),
    max_size=6,
).map(" ".join)
MESSAGES = st.lists(
    st.tuples(WORDS, WORDS, st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=4
)


@pytest.fixture(scope="module")
def readers():
    found = new_readers()
    yield found
    found.close()


def decisions_of(house):
    with house.store.read() as conn:
        rows = [messages.message(conn, seq) for seq in messages.seqs(conn, 0, house.archive.head())]
    for row in rows:
        yield house.archive.entry(row.seq), decision_in(house.archive.entry(row.decided_by))


@given(rules=RULES, drawn=MESSAGES)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ),  # each example is a house: making one smaller takes hours
)
def test_any_decision_on_any_message_replayed_from_the_archive_is_the_same(readers, rules, drawn):
    with tempfile.TemporaryDirectory() as place:
        house = build_house(Path(place), rules=rules)
        try:
            for number, (subject, text, ours, answers, trusted) in enumerate(drawn):
                sent = {"source": "submission", "agent": "anna", "mail_from": MAILBOX, "rcpt_to": (BUYER,)}
                extra = {"In_Reply_To": f"<{number - 1}@mail.example>"} if answers else {}
                people = {"from_": MAILBOX, "to": BUYER} if ours else {}
                raw = mail(subject, text, message_id=str(number), **people, **extra)
                house.take(raw, **(sent if ours else {"trusted": trusted}))
            found = list(decisions_of(house))
            assert len(found) == len(drawn)
            for entry, decision in found:
                book = book_of(house.archive, decision)
                assert book is not None
                assert book.ruleset.text == rules
                assert decide_again(entry, read_one(readers, entry), decision, book) == decision
        finally:
            close(house)


def test_who_sent_it_and_its_language_are_those_of_the_record(house, readers):
    entry, decision = next(iter(decisions_of(house)))
    known = Authentic(result="pass", proven=("amazon.de",), by="dkim")
    decision = replace(decision, authentic=known, language="fr")
    book = Book(
        ruleset=load_ruleset("[[rule]]\nname='a'\nwhen={language='fr', authenticity='pass'}\nthen=[]"),
        marketplaces=builtin(),
    )
    facts = facts_again(entry, read_one(readers, entry), decision, book)
    assert (facts.authentic, facts.language) == (known, "fr")


@pytest.fixture
def house(tmp_path):
    house = build_house(tmp_path)
    seed(house)
    yield house
    close(house)


def test_another_book_shows_what_it_would_change_and_changes_nothing(house, readers):
    rules = "[[rule]]\nname = 'new'\nwhen = { direction = 'inbound' }\nthen = [{ do = 'tag', name = 'new' }]"
    book = Book(ruleset=load_ruleset(rules), marketplaces=builtin())
    head = house.archive.head()
    start = house.clock.now().replace(year=2000)
    found = [one for one in replay(house.archive, house.store, readers, book, start, None) if one is not None]
    changes = [one.changes() for one in found]
    assert len(found) == 4
    assert sum("new" in one["tags"]["come"] for one in changes if one) == 3
    assert sum("damage" in one["tags"]["gone"] for one in changes if one) >= 1
    assert sums([one for one in changes if one])["links"] == {"gone": 0, "come": 0}
    assert house.archive.head() == head
    late = house.clock.now().replace(year=2100)
    assert list(replay(house.archive, house.store, readers, book, late, None)) == []
    assert list(replay(house.archive, house.store, readers, book, start, start)) == []


def test_the_versions_that_decided_are_named_by_entry(house):
    _, decision = next(iter(decisions_of(house)))
    versions = {one.name: one for one in versions_of(house.archive, decision)}
    assert versions["rules.toml"].sha256 == decision.books[-1]
    assert set(builtin_texts()) <= set(versions)
    kept = house.archive.entry(versions["amazon.toml"].seq)
    assert kept.payload.decode() == builtin_texts()["amazon.toml"]


def test_a_book_that_is_not_in_the_archive_is_not_made_up(house):
    _, decision = next(iter(decisions_of(house)))
    assert book_of(house.archive, replace(decision, books=(*decision.books[:-1], "0" * 64))) is None
