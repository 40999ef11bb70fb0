"""Holds, retention and erasure on pages: what would go is shown, one person asks, another agrees, and then it is gone."""

import json
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest

from gateway.archive.destruction import Gone
from gateway.erasure.plan import Target
from rules.facts import OrderRef
from tests.small_house import BUYER, MAILBOX, ORDER, PASSWORD, build_house, csrf_in, seed, serving

REASON = "the person asked by letter"


@pytest.fixture
def told(house):
    house.seqs = seed(house)
    house.accounts.add("ben", PASSWORD, full_name="Ben", role="supervisor")
    return house


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A house with a story that nobody erases."""
    house = build_house(tmp_path_factory.mktemp("kept"))
    house.seqs = seed(house)
    with serving(house) as served:
        yield served


@contextmanager
def logged_in(house, name):
    with httpx.Client(base_url=house.url, timeout=20) as browser:
        form = {"name": name, "password": PASSWORD, "csrf": csrf_in(browser.get("/login").text)}
        assert browser.post("/login", data=form).status_code == 303
        yield browser


def press(browser, path="/custody/erasures", **form):
    return browser.post(path, data={"csrf": csrf_in(browser.get(path).text), **form})


def asked(house):
    (seq,) = house.archive.seqs_of_type("erasure.asked")
    return seq


def test_a_message_that_only_quotes_the_order_s_number_is_not_covered_and_is_named(kept):
    stranger = kept.seqs["stranger"]
    target = Target(order=OrderRef(marketplace="amazon", value=ORDER))
    with logged_in(kept, "anna") as anna:
        shown = anna.get("/custody/erasures", params={"target": ORDER}).text
    assert f"Messages that only quote the number: {stranger}." in shown
    assert stranger not in kept.site.desk.eraser.plan(target).messages


def test_two_people_erase_a_person_and_the_certificate_is_there(told):
    question = told.seqs["question"]
    with logged_in(told, "anna") as anna, logged_in(told, "ben") as ben:
        shown = anna.get("/custody/erasures", params={"target": BUYER}).text
        assert "3 messages" in shown
        assert f"On <bdi>{BUYER}</bdi>" in shown
        assert "This changes nothing." in shown
        assert told.archive.seqs_of_type("erasure.asked") == []
        assert press(anna, do="ask", target=BUYER, reason=f"{BUYER} wants it").status_code == 409
        assert press(anna, do="ask", target=BUYER, reason=" ").status_code == 409
        assert press(anna, do="ask", target=BUYER, reason=REASON).status_code == 303
        seq = asked(told)
        assert press(anna, do="approve", seq=seq).status_code == 409
        assert "another person must approve" in press(anna, do="approve", seq=seq).text
        assert 'value="approve"' not in anna.get("/custody/erasures").text
        waits = press(anna, do="run", seq=seq)
        assert (waits.status_code, "second person" in waits.text) == (409, True)
        assert 'value="approve"' in ben.get("/custody/erasures").text
        assert press(ben, do="approve", seq=seq).status_code == 303
        assert "cooling-off" in press(ben, do="run", seq=seq).text
        told.clock.at += timedelta(hours=25)
        told.settle()
        with told.client() as fresh:  # the others' sessions are over by now
            assert "Erase it for good" in fresh.get("/custody/erasures").text
            assert press(fresh, do="run", seq=seq).status_code == 303
            told.settle()
            shown = fresh.get("/custody/erasures").text
            (by,) = told.archive.seqs_of_type("erasure")
            assert f"erasure-{by}.txt" in shown
            text = fresh.get(f"/custody/erasures/{by}.txt").text
            assert "Approved by: ben" in text
            assert BUYER not in text
            assert fresh.get(f"/message/{question}").status_code in {404, 410}
            assert "Erasure certified" in fresh.get("/custody?kind=erasure").text
    with pytest.raises(Gone):
        told.archive.entry(question)


def test_what_is_held_is_refused_until_the_hold_ends(kept):
    with kept.client() as browser:
        form = {"order": ORDER, "reason": "claim of the 23rd", "review": "2027-02-28"}
        assert press(browser, "/custody/holds", do="hold", **{**form, "review": "soon"}).status_code == 400
        assert press(browser, "/custody/holds", do="hold", **{**form, "order": "1-2"}).status_code == 404
        assert press(browser, "/custody/holds", do="hold", **form).status_code == 303
        shown = browser.get("/custody/holds").text
        assert "claim of the 23rd" in shown
        assert "Look at it by 2027-02-28" in shown
        preview = browser.get("/custody/erasures", params={"target": ORDER}).text
        assert "Held: <bdi>order" in preview
        assert 'value="ask"' not in preview
        refused = press(browser, do="ask", target=ORDER, reason=REASON)
        assert (refused.status_code, "Art. 17(3)(e)" in refused.text) == (409, True)
        ended = {"order": ORDER, "marketplace": "amazon", "reason": "settled"}
        assert press(browser, "/custody/holds", do="release", **ended).status_code == 303
        assert "No order is held." in browser.get("/custody/holds").text
        assert press(browser, "/custody/holds", do="release", **ended).status_code == 400
        assert press(browser, do="ask", target=ORDER, reason=REASON).status_code == 303
        assert press(browser, do="withdraw", seq=asked(kept)).status_code == 303
        assert "Asked for</h2>" not in browser.get("/custody/erasures").text


def test_a_long_list_of_what_to_leave_out_is_taken_whole_or_not_at_all(told):
    kept = sorted(told.seqs[name] for name in ("question", "thanks"))
    long = ", ".join(["0" * 12 + str(kept[0])] * 50 + [str(kept[1])])
    assert len(long) > 500
    refused = (
        ("0" * 15 + str(kept[0]), "Name messages by their numbers"),  # not another message's
        (f"{kept[0]}, 999999", "cannot be left out: 999999"),
        (str(told.seqs["stranger"]), "cannot be left out"),
        ("1234567," * 5001, "40000 characters"),
    )
    with told.client() as browser:
        for keep, said in refused:
            answer = press(browser, do="ask", target=BUYER, reason=REASON, keep=keep)
            assert (answer.status_code in {400, 409}, said in answer.text) == (True, True), keep[:60]
        assert browser.get("/custody/erasures", params={"target": BUYER, "keep": "7" * 16}).status_code == 400
        assert browser.get("/custody/erasures", params={"target": "x" * 501}).status_code == 400
        assert told.archive.seqs_of_type("erasure.asked") == []
        shown = browser.get("/custody/erasures", params={"target": BUYER, "keep": long}).text
        assert f'name="keep" value="{long}"' in shown
        assert press(browser, do="ask", target=BUYER, reason=REASON, keep=long).status_code == 303
    wanted = json.loads(told.archive.entry(asked(told)).payload)
    assert wanted["keep"] == kept
    assert not set(wanted["messages"]) & set(kept)


def test_retention_shows_what_is_due_and_erases_nothing(kept):
    with kept.client() as browser:
        assert "30 days" in browser.get("/custody/retention").text
        shown = browser.get("/custody/retention?until=2027-01-31").text
        assert "<strong>4</strong> messages go" in shown
        assert ORDER in shown
        assert "<strong>0</strong> messages go" in browser.get("/custody/retention?until=2026-11-30").text
        assert browser.get("/custody/retention?until=x").status_code == 400
    assert kept.archive.seqs_of_type("erasure") == []


NONSENSE = (
    ({}, 400),
    ({"do": "burn"}, 400),
    ({"do": "approve", "seq": "1"}, 409),
    ({"do": "run", "seq": "x"}, 409),
    ({"do": "ask", "target": MAILBOX, "reason": REASON}, 409),
    ({"do": "ask", "target": "nobody@x.example", "reason": REASON}, 409),
    ({"do": "ask", "target": "nobody@x.example", "reason": REASON, "keep": "all"}, 400),
    ({"do": "ask", "target": ORDER, "reason": REASON}, 404),
)


def test_what_makes_no_sense_does_nothing(house):
    with house.client() as browser:
        token = csrf_in(browser.get("/custody/erasures").text)
        for form, status in NONSENSE:
            answer = browser.post("/custody/erasures", data={"csrf": token, **form})
            assert answer.status_code == status, form
        assert browser.get("/custody/erasures/99.txt").status_code == 404
        assert browser.get(f"/custody/erasures?target={MAILBOX}").status_code == 400
        assert browser.post("/custody/erasures", data={"do": "approve", "seq": "1"}).status_code == 403
    assert house.archive.seqs_of_type("erasure.asked") == []
