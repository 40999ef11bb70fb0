"""A form that is sent twice does once what it says, and both answers say what it did."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from gateway.web.once import Once
from tests.small_house import BUYER, ORDER, PASSWORD, PIXEL, csrf_in, mail, seed

PAGE = f"/order/amazon/{ORDER}"
ACTS = [
    ("/report/send", {"marketplace": "amazon", "value": ORDER}, {"export": 1, "mail.out": 1}),
    ("/message/{question}/note", {"text": "she called"}, {"note": 1}),
    ("/message/{question}/tag", {"add": "vip"}, {"tag": 1}),
    ("/message/{question}/link", {"order": ORDER, "marketplace": "amazon", "undo": "yes"}, {"link": 1}),
    ("/parcel/amazon/" + ORDER, {"number": "1Z999AA10123456799", "carrier": "ups"}, {"parcel": 1}),
    ("/answer/amazon/" + ORDER, {"language": "en"}, {"answer": 1}),
    ("/custody/erasures", {"do": "ask", "target": BUYER, "reason": "asked by letter"}, {"erasure.asked": 1}),
    ("/account/app-passwords", {"label": "telephone", "password": PASSWORD}, {"person": 1}),
    ("/tokens", {"label": "erp", "scope-read": "yes", "password": PASSWORD}, {"token": 1}),
    ("/custody/holds", {"do": "hold", "order": ORDER, "reason": "claim", "review": "2027-02-28"}, {"dossier": 1}),
]  # fmt: skip


@pytest.fixture
def told(house):
    house.seqs = seed(house)
    return house


def made(house, start):
    """Count what was archived from an entry on, by type; what Docket did because of it is left out."""
    found = {}
    for one in house.archive.entries(start):
        if one.type not in {"authenticity", "decision", "outcome"}:
            found[one.type] = found.get(one.type, 0) + 1
    return found


def test_a_form_that_is_sent_twice_at_once_or_again_does_its_act_once(told):
    with told.client() as browser, ThreadPoolExecutor(2) as threads:
        for path, form, entries in ACTS:
            data = {"csrf": csrf_in(browser.get(PAGE).text), **form}
            where, start, sent = path.format(**told.seqs), told.archive.head(), len(told.remote.taken)

            def post(_, to=where, data=data):
                with httpx.Client(base_url=told.url, cookies=browser.cookies, timeout=60) as window:
                    return window.post(to, data=data)

            answers = [*threads.map(post, range(2)), post(2)]
            assert len({(one.status_code, one.headers.get("location"), one.text) for one in answers}) == 1
            assert answers[0].status_code in {200, 303}, answers[0].text
            assert made(told, start) == entries, path
            told.settle()
            assert len(told.remote.taken) - sent == entries.get("mail.out", 0)
    assert len(told.accounts.app_passwords_of("anna")) == 1


def test_files_that_are_sent_twice_are_kept_once_and_other_files_are_others(told):
    with told.client() as browser:
        form, start = {"csrf": csrf_in(browser.get(PAGE).text), "kind": "photo"}, told.archive.head()
        for data in (PIXEL, PIXEL, PIXEL + b"x"):
            sent = [("file", ("a.png", data))]
            assert browser.post(f"/evidence/amazon/{ORDER}", data=form, files=sent).status_code == 303
    assert made(told, start) == {"evidence": 2}


def test_another_text_another_person_and_a_form_of_an_old_page_are_acts_of_their_own(told):
    told.accounts.add("ben", PASSWORD, role="supervisor")
    start = told.archive.head()
    with told.client() as browser, told.client("ben") as other:
        token = csrf_in(browser.get(PAGE).text)
        old, theirs = token.partition(".")[0], csrf_in(other.get(PAGE).text)
        for sender, csrf, text in (
            (browser, token, "one"),
            (browser, token, "two"),
            (browser, token, "one"),  # what is said again after something else is meant
            (browser, token, "one"),
            (browser, old, "one"),
            (browser, old, "one"),
            (other, theirs.partition(".")[0] + "." + token.partition(".")[2], "one"),
        ):
            assert sender.post(PAGE, data={"csrf": csrf, "text": text}).status_code == 303
        assert other.post(PAGE, data={"csrf": token, "text": "one"}).status_code == 403
    assert made(told, start) == {"note": 6}


def test_what_failed_is_done_when_it_is_sent_again_and_a_file_is_made_each_time(told):
    with told.client() as browser:
        token, coming = csrf_in(browser.get(PAGE).text), told.archive.head()
        form = {"csrf": token, "message": str(coming), "reason": "same buyer"}
        assert browser.post(f"/link/amazon/{ORDER}", data=form).status_code == 404
        assert told.take(mail("Lamp", "no number", message_id="n1")) == coming
        assert browser.post(f"/link/amazon/{ORDER}", data=form).status_code == 303
        start = told.archive.head()
        wanted = {"csrf": token, "marketplace": "amazon", "value": ORDER, "reason": "a claim"}
        assert [browser.post("/pack", data=wanted).content[:2] for _ in range(2)] == [b"PK", b"PK"]
    assert made(told, start) == {"export": 2}


def test_an_act_goes_on_where_its_first_sender_has_gone():
    done = []

    async def scene():
        once, begun, may_end = Once(), asyncio.Event(), asyncio.Event()

        async def act(_):
            begun.set()
            await may_end.wait()
            done.append("done")
            return PlainTextResponse("yes", media_type="text/html")

        def form():
            state = {"session": "s", "form": {"csrf": "c.1"}, "files": []}
            scope = {"type": "http", "path": "/x", "query_string": b"", "headers": [], "state": state}
            return Request({**scope, "server": ("localhost", 80), "scheme": "http", "method": "POST"})

        first = asyncio.create_task(once.answer(form(), act))
        await begun.wait()
        first.cancel()
        second = asyncio.create_task(once.answer(form(), act))
        may_end.set()
        return (await second).body

    assert asyncio.run(scene()) == b"yes"
    assert done == ["done"]
