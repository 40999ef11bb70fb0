"""The log's entries on a page: found by kind, by whose they are, by order and by time, each told in plain words."""

import pytest

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.web.pages.custody import GROUPS
from tests.small_house import MAILBOX, ORDER, build_house, seed, serving

ACCOUNT = {"account": "shop@imap.example", "folder": "INBOX", "mailbox": MAILBOX}
TOLD = (
    ("capture", ACCOUNT, "capture of INBOX in shop@imap.example began"),
    ("gap", {**ACCOUNT, "begin": "2026-11-25T10:00:00Z", "end": "2026-11-25T11:00:00Z", "why": "no route"}, "no route"),
    ("reconciliation", {**ACCOUNT, "messages": 7, "missing": 2, "unread": []}, "2 archived now"),
    ("timestamp", {"authority": "tsa.example", "at": "2026-11-25T10:00:00Z", "size": 9}, "tsa.example signed for 9"),
    ("witness", {"to": "folder:/mnt/w", "at": "2026-11-25T10:00:00Z", "size": 9}, "folder:/mnt/w was given"),
    ("export", {"reason": "=1+1 <b>", "messages": 3, "agent": "ben"}, "reason: =1+1 &lt;b&gt;"),
    ("erasure.done", {"erasure": 4, "file": "erasure-4.txt"}, "its certificate is erasure-4.txt"),
    ("software", {"version": "9.9", "config": "ab" * 32}, "Docket 9.9 began"),
)  # fmt: skip


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    house = build_house(tmp_path_factory.mktemp("log"))
    house.seqs = seed(house)
    for type_, said, _ in TOLD:
        house.act(Draft(type=type_, payload=canonical(said), meta={}))
    with serving(house) as served, served.client() as browser:
        browser.house = served
        yield browser


def rows(page):
    return page.count('title="Proof that entry')


def test_every_entry_is_told_in_plain_words(log):
    shown = log.get("/custody").text
    for _, _, words in TOLD:
        assert words in shown
    assert "Anfrage zur Bestellung" in shown
    assert rows(shown) == min(60, log.house.archive.head())


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_shows_its_kinds_alone(log, name):
    shown = log.get(f"/custody?kind={name}").text
    kinds = {one.type for one in log.house.archive.entries(0) if one.type in GROUPS[name][1]}
    assert rows(shown) == min(60, sum(one.type in kinds for one in log.house.archive.entries(0)))


def test_entries_are_found_by_hand_order_message_and_time(log):
    seqs = log.house.seqs
    assert "reason: =1+1" in log.get("/custody?who=ben").text
    assert rows(log.get("/custody?who=ben").text) == 1
    of_order = log.get(f"/custody?order={ORDER}").text
    assert f"message {seqs['question']}" in of_order
    assert "tsa.example" not in of_order
    one = log.get(f"/custody?entry={seqs['answer']}").text
    assert "250 2.0.0 Ok: queued" in one
    assert f"message {seqs['question']}<" not in one
    assert rows(log.get("/custody?since=2026-11-24").text) < rows(log.get("/custody").text)
    assert "No entry is like that." in log.get("/custody?until=2020-01-01").text


def test_pages_join_without_a_seam(log):
    seen, where = [], "/custody"
    while where:
        shown = log.get(where).text
        seen += [int(part.partition("/")[0]) for part in shown.split('href="/entry/')[1:]]
        where = "/custody?" + shown.partition('href="/custody?below=')[2].partition('"')[0]
        where = where.replace("/custody?", "/custody?below=") if where != "/custody?" else ""
    assert seen == list(range(log.house.archive.head()))[::-1]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("since=x", 400),
        ("until=9999-12-31", 400),
        ("entry=-1", 400),
        ("entry=9" + "9" * 40, 400),
        ("below=%C2%B2", 400),
        ("below=" + "0" * 20 + "9" * 30, 400),
        ("below=" + "9" * 5000, 400),
        ("entry=" + "0" * 20 + "9" * 30, 400),
        ("order=nobody", 404),
        ("kind=%3Cscript%3E", 200),
    ],
)
def test_what_makes_no_sense_is_a_clear_page(log, query, status):
    answer = log.get(f"/custody?{query}")
    assert answer.status_code == status
    assert "<script>" not in answer.text


def test_who_keeps_the_head_is_told(log):
    shown = log.get("/custody/keepers").text
    for words in (
        "tsa.example",
        "folder:/mnt/w",
        log.house.archive.verifier.vkey()[:20],
        "docket/brand.example",
    ):
        assert words in shown


def test_a_stranger_sees_nothing_of_it(log):
    import httpx

    with httpx.Client(base_url=log.house.url) as stranger:
        for path in ("/custody", "/custody/keepers", "/custody/verify"):
            assert stranger.get(path).status_code == 303
