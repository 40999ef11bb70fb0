"""The boards: what is counted, what is due, what was missing, what can be undone, and what pages that stay open are told."""

import json
import socket
from contextlib import ExitStack
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from gateway.mail.canonical import canonical
from gateway.mail.entry import Draft
from gateway.web.pulse import Pulse
from tests.small_house import (
    MAILBOX,
    ORDER,
    PASSWORD,
    build_house,
    csrf_in,
    mail,
    on_a_port,
    seed,
    serving,
)

HOUR = timedelta(hours=1)
PATH = f"/order/amazon/{ORDER}"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    house = build_house(tmp_path_factory.mktemp("boards"))
    house.seqs = seed(house)
    house.clock.at += HOUR
    raw = mail(
        f"Claim received on order {ORDER}",
        "We received a claim. You must respond within 48 hours.",
        from_="atoz-guarantee-no-reply@amazon.de",
        message_id="c1",
        X_Space_Notification_Type="A_Z_CLAIM_RESPONDENT_NOTIFY",
    )
    house.seqs["claim"] = house.take(raw, mail_from="atoz-guarantee-no-reply@amazon.de")
    house.seqs["unlinked"] = house.take(
        mail("Frage", "Gibt es das in <blau>?", from_="x7y8z9@marketplace.amazon.de", message_id="p1")
    )
    with serving(house):
        yield house


@pytest.fixture
def browser(told):
    with told.client() as logged_in:
        yield logged_in


def act(house, type_, **payload):
    return house.act(Draft(type=type_, payload=canonical(payload), meta={"source": "web"})).seq


def test_a_claim_stands_with_its_time_its_hold_and_what_its_answer_lacks(told, browser):
    page = browser.get("/claims").text
    claims = page.partition('class="waits"')[2]
    for words in ("2 d left", "within 48 hours", ">held<", "nobody owns it", "no proof of delivery"):
        assert words in claims
    assert f'href="/answer/amazon/{ORDER}"' in claims
    assert "Nothing runs" not in page


def test_who_waits_is_shown_with_how_they_begin_and_a_claim_with_its_answer(told, browser):
    shown = browser.get("/waiting").text
    row = shown.partition(f'id="w{told.seqs["unlinked"]}-reply"')[2].partition("</li>")[0]
    assert "Gibt es das in &lt;blau&gt;?" in row
    assert "Write the answer" not in row
    claim = shown.partition(f'id="w{told.seqs["claim"]}-claim_answer"')[2].partition("</li>")[0]
    assert f'data-key="w" href="/answer/amazon/{ORDER}"' in claim


def test_a_claim_that_was_answered_is_told_of_and_its_hold_goes_on(told, browser):
    token = csrf_in(browser.get("/claims").text)
    claim = told.seqs["claim"]
    form = {"csrf": token, "clock": "claim_answer", "as": "elsewhere", "back": "/claims"}
    done = browser.post(f"/message/{claim}/mark", data=form)
    page = browser.get(done.headers["location"]).text
    assert "No claim waits" in page
    assert "in time" in page.partition("Ended in the last 30 days")[2]
    assert "claim opened" in page.partition("Held, and nothing runs")[2]
    undone = browser.post(f"/message/{claim}/mark", data={**form, "undo": "yes"})
    assert "the clock goes on" in browser.get(undone.headers["location"]).text
    assert "2 d left" in browser.get("/claims").text


def test_the_last_act_is_offered_for_undoing_to_its_doer_alone(told, browser):
    token, seq = csrf_in(browser.get("/review").text), told.seqs["unlinked"]
    form = {"csrf": token, "none": "yes", "back": "/review?why=unlinked"}
    done = browser.post(f"/message/{seq}/link", data=form)
    assert done.headers["location"].startswith("/review?why=unlinked&saved=")
    page = browser.get(done.headers["location"]).text
    assert "belongs to no order" in page
    assert 'data-key="z"' in page
    others = act(told, "link", of=seq, none=True, undo=True, reason="x", agent="lena")
    assert 'data-key="z"' not in browser.get("/review", params={"saved": others}).text
    assert "Gibt es das in &lt;blau&gt;?" in browser.get("/review").text


@pytest.mark.parametrize("saved", ["", "x", "9" * 30, "0", "-1"])
def test_what_is_no_act_offers_nothing(browser, saved):
    for board in ("/waiting", "/claims", "/review"):
        answer = browser.get(board, params={"saved": saved})
        assert answer.status_code == 200
        assert 'data-key="z"' not in answer.text


def test_the_queue_is_shown_by_cause(told, browser):
    unlinked = browser.get("/review", params={"why": "unlinked"}).text
    assert f'id="m{told.seqs["unlinked"]}"' in unlinked
    assert f'id="m{told.seqs["stranger"]}"' not in unlinked
    assert 'Possible <span class="count">1' in unlinked
    older = browser.get("/review", params={"before": "2026-11-23T08:16:30+00:00,0"})
    assert "Nothing waits" in older.text
    assert browser.get("/review", params={"before": "<x>", "why": "<y>"}).status_code == 200


def test_capture_says_what_came_and_what_was_missed(told, browser):
    act(told, "capture", account="shop@imap.example", folder="INBOX", mailbox=MAILBOX)
    gap = act(
        told, "gap", mailbox=MAILBOX, account="shop@imap.example",
        begin="2026-11-23T10:00:00+00:00", end="2026-11-23T12:30:00+00:00", why="the server <refused> us",
    )  # fmt: skip
    comparison = act(
        told, "reconciliation", account="shop@imap.example", folder="INBOX", mailbox=MAILBOX,
        at=told.clock.now().isoformat(), messages=7, missing=2, elsewhere=1, gone=0, unread=[],
    )  # fmt: skip
    page = browser.get("/capture").text
    for words in (
        "4 in 24 hours, 5 in 7 days",
        "shop@imap.example",
        "watching",
        "1,200",
        "1 gap known",
        "2 h 30 min",
        "the server &lt;refused&gt; us",
        f"/entry/{gap}/proof",
        f"/entry/{comparison}/proof",
    ):
        assert words in page, words


def test_what_waits_is_counted_beside_the_boards_and_in_the_title(told, browser):
    page = browser.get("/waiting").text
    assert "<title>(3) Needs reply" in page  # two buyers and a claim
    assert 'data-count="claims">1<' in page
    assert 'data-count="outbox" hidden' in page


def test_counts_are_made_anew_only_when_something_happened_or_time_went_by(told):
    ticks = [0.0]
    pulse = Pulse(told.store, told.clock, ticks=lambda: ticks[0])
    first = pulse.counts()
    act(told, "note", of=told.seqs["thanks"], text="x", agent="anna")
    assert pulse.counts() is first
    ticks[0] += 3.5
    second = pulse.counts()
    assert second.at > first.at
    before = told.clock.at
    told.clock.at += 100 * HOUR
    ticks[0] += 1.5
    assert pulse.counts() is second
    ticks[0] += 30
    assert (pulse.counts().late, second.late) == (3, 0)
    told.clock.at = before


def test_a_page_that_stays_open_is_told_of_what_comes(told, browser):
    with browser.stream("GET", "/live") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        first = pulse_in(lines)
        seq = told.take(mail("Noch eine Frage", "Hallo?", from_="p2@marketplace.amazon.de", message_id="p2"))
        later = pulse_in(lines)
        while later["at"] <= seq:
            later = pulse_in(lines)
    assert later["mail"] == first["mail"] + 1


def test_whoever_asks_for_the_head_of_a_stream_alone_waits_for_nothing_more(browser):
    assert browser.head("/live").headers["content-type"].startswith("text/event-stream")
    assert browser.get("/login").status_code == 303


def test_no_session_keeps_the_streams_of_others(told):
    with told.client() as greedy, told.client() as other, ExitStack() as stack:
        at, cookie = (
            urlsplit(told.url),
            "; ".join(f"{name}={value}" for name, value in greedy.cookies.items()),
        )
        for number in range(21):
            link = stack.enter_context(socket.create_connection((at.hostname, at.port), timeout=20))
            link.sendall(f"GET /live HTTP/1.1\r\nhost: {at.netloc}\r\ncookie: {cookie}\r\n\r\n".encode())
            assert link.recv(12) == (b"HTTP/1.1 200" if number < 20 else b"HTTP/1.1 503")
        with other.stream("GET", "/live") as stream:
            pulse_in(stream.iter_lines())


def test_a_stream_ends_with_its_session(told):
    with told.client() as leaving:
        token = csrf_in(leaving.get("/").text)
        with told.client() as other:
            assert other.get("/live", headers={"cookie": "docket=forged"}).status_code == 303
        assert leaving.post("/logout", data={"csrf": token}).status_code == 303
        assert leaving.get("/live").status_code == 303


def test_who_is_moved_to_other_mailboxes_is_told_no_count_of_what_comes_after(told):
    told.accounts.add("clara", PASSWORD)
    with told.client("clara") as moved, moved.stream("GET", "/live") as stream:
        lines = stream.iter_lines()
        pulse_in(lines)
        next(line for line in lines if line == ": here")
        told.accounts.assign("clara", role="agent", mailboxes=("second@brand.example",))
        told.take(mail("Noch eine Frage", "Hallo?", from_="p3@marketplace.amazon.de", message_id="p3"))
        assert not [line for line in lines if line]


def test_a_stream_ends_with_its_server(told):
    with ExitStack() as stack, httpx.Client(timeout=20) as visitor:
        server = stack.enter_context(ExitStack())
        url = server.enter_context(on_a_port(told.site))
        form = {"name": "anna", "password": PASSWORD, "csrf": csrf_in(visitor.get(url + "/login").text)}
        assert visitor.post(url + "/login", data=form).status_code == 303
        with visitor.stream("GET", url + "/live") as stream:
            lines = stream.iter_lines()
            pulse_in(lines)
            server.close()  # the thread ends, or this would wait for ever
            assert not [line for line in lines if line.startswith("data:")]


def test_an_open_dossier_hears_of_its_own_entries_alone(told, browser):
    page = browser.get(PATH).text
    news = page.partition(f'hx-get="/news/amazon/{ORDER}?after=')[2].partition('"')[0]
    assert browser.get(f"/news/amazon/{ORDER}", params={"after": news}).status_code == 204
    act(told, "note", order={"marketplace": "amazon", "value": ORDER}, text="x", agent="lena")
    assert "1 new entry." in browser.get(f"/news/amazon/{ORDER}", params={"after": news}).text
    assert browser.get(f"/news/amazon/{ORDER}", params={"after": "x"}).status_code == 400


def pulse_in(lines):
    return json.loads(next(line for line in lines if line.startswith("data: "))[6:])
