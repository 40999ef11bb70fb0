"""History revised by another book: it stands as decided now, people's words stay, nothing is sent, and a rebuild agrees."""

from dataclasses import replace
from itertools import islice

import pytest
from sqlalchemy import select

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.replay import decide_again, decision_in, read_one, replay
from gateway.revision import revise
from gateway.shelf import put_in_force
from gateway.store import jobs, messages, orders, tables
from gateway.versions import book_of
from index.query import parse_query
from rules.deadlines import Timetable
from rules.ruleset import load_ruleset
from tests.small_house import ORDER, build_house, close, mail, new_readers, seed

RULES = """
[[rule]]
name = "new"
when = { direction = "inbound" }
then = [
  { do = "tag", name = "new" }, { do = "tag", name = "unwanted" }, { do = "assign", to = "anna" },
  { do = "forward", to = "boss@brand.example" }, { do = "notify", to = "boss@brand.example" }, { do = "hold" },
  { do = "link", marketplace = "shop", pattern = "Anfrage" },
]
"""


@pytest.fixture(scope="module")
def readers():
    found = new_readers()
    yield found
    found.close()


@pytest.fixture
def house(tmp_path):
    house = build_house(tmp_path)
    house.seqs = seed(house)
    yield house
    close(house)


@pytest.fixture
def again(house, readers):
    """Decide all history by a book, and let what differs take its place."""

    def again(book, limit=None):
        put_in_force(house.archive, book)
        found = replay(house.archive, house.store, readers, book, house.clock.now().replace(year=2000), None)
        return [one.changes() for one in islice(revise(house.archive, found, "anna"), limit) if one.changes()]

    return again


def book_with(house, rules):
    book = replace(house.gateway._deciding.book, ruleset=load_ruleset(rules))
    house.gateway.rule_by(book)
    return book


def row_of(house, name):
    with house.store.read() as conn:
        return messages.message(conn, house.seqs[name])


def dump(house):
    with house.store.read() as conn:
        return {
            table.name: [
                {name: value for name, value in row._asdict().items() if name != "sealed_text"}
                for row in conn.execute(select(table).order_by(*table.primary_key))
            ]
            for table in tables.metadata.sorted_tables
        }


def test_it_stands_as_decided_now_and_nothing_is_sent(house, again):
    sent, states = len(house.remote.taken), {name: row_of(house, name).state for name in house.seqs}
    with house.store.read() as conn:
        queue = jobs.counts(conn)
    changed = again(book_with(house, RULES))
    house.settle()
    assert len(changed) == 4
    assert row_of(house, "question").tags == ("assigned:anna", "new", "unwanted")  # "damage" is gone
    assert row_of(house, "answer").tags == ()
    assert ("shop", "ANFRAGE") in {(one.marketplace, one.value) for one in row_of(house, "thanks").orders}
    assert len(house.remote.taken) == sent
    with house.store.read() as conn:
        assert jobs.counts(conn) == queue
        (event,) = [
            one
            for one in orders.events_of(conn, message=house.seqs["thanks"])
            if one.summary.get("instead_of")
        ]
    assert states == {name: row_of(house, name).state for name in house.seqs}
    assert event.agent == "anna"
    assert not {"forward", "hold", "notify"} & {one.split()[0] for one in event.summary["actions"]}


def test_done_twice_it_changes_nothing_more_whether_or_not_the_store_has_taken_it_up(house, again):
    book = book_with(house, RULES)
    assert len(again(book)) == 4
    head = house.archive.head()
    assert again(book) == []
    house.settle()
    assert again(book) == []
    assert house.archive.head() == head


def test_interrupted_it_goes_on_where_it_was(house, again, monkeypatch):
    monkeypatch.setattr("gateway.revision._BATCH", 1)
    book = book_with(house, RULES)
    assert len(again(book, limit=1)) == 1
    assert len(again(book)) == 3


def test_what_people_said_outranks_it(house, again):
    seq = house.seqs["question"]
    order = {"marketplace": "shop", "value": "ANFRAGE"}
    for type_, payload in (
        ("tag", {"of": seq, "add": ["damage"], "remove": ["unwanted"]}),
        ("link", {"of": seq, "order": order, "undo": True}),
        ("link", {"of": house.seqs["thanks"], "none": True}),
    ):
        house.act(Draft(type=type_, payload=canonical({**payload, "agent": "anna"}), meta={}))
    again(book_with(house, RULES))
    house.settle()
    row = row_of(house, "question")
    assert row.tags == ("assigned:anna", "damage", "new")
    assert {one.value for one in row.orders} == {ORDER}
    assert row_of(house, "thanks").orders == ()


def test_a_rebuild_and_the_search_agree_with_it(house, again):
    again(book_with(house, RULES))
    house.settle()
    before = dump(house)
    house.store.clear()
    house.gateway.resume(to_head=True)
    house.settle()
    after = dump(house)
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    found = house.index.search(parse_query("tag:new"), limit=10)
    assert {hit.seq for hit in found.hits} == {
        house.seqs[name] for name in ("question", "thanks", "stranger")
    }


def test_a_decision_made_again_is_the_same_when_it_is_replayed_and_names_its_book(house, again, readers):
    again(book_with(house, RULES))
    house.settle()
    row = row_of(house, "question")
    decision = decision_in(house.archive.entry(row.decided_by))
    book = book_of(house.archive, decision)
    assert book.ruleset.text == RULES
    entry = house.archive.entry(row.seq)
    assert decide_again(entry, read_one(readers, entry), decision, book) == decision


def test_the_settings_for_clocks_are_archived_with_the_book_so_that_a_replay_knows_them(house, readers):
    book = house.gateway._deciding.book
    timetable = Timetable(
        zone="Europe/Berlin", reply_hours=5, people=("boss@brand.example",), reply_warnings=(1.0,)
    )
    house.gateway.rule_by(replace(book, marketplaces=book.marketplaces.timed(timetable)))
    seq = house.take(mail("Frage", "Wo bleibt die Lampe?"))
    with house.store.read() as conn:
        row = messages.message(conn, seq)
    decision = decision_in(house.archive.entry(row.decided_by))
    assert decision.clocks[0].tell == ("boss@brand.example",)
    made = book_of(house.archive, decision)
    assert made.marketplaces.timetable == timetable
    entry = house.archive.entry(seq)
    assert decide_again(entry, read_one(readers, entry), decision, made) == decision


def test_a_rule_that_asks_for_an_orders_age_is_answered_though_nobody_had_asked_then(house, again):
    rules = "[[rule]]\nname='old'\nwhen={order_older_than_days = 1}\nthen=[{do='tag',name='old'}]"
    again(book_with(house, rules))
    house.settle()
    assert row_of(house, "thanks").tags == ("old",)  # two days after the question
    assert row_of(house, "question").tags == ()
    assert again(house.gateway._deciding.book) == []
