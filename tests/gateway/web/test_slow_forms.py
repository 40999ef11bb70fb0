"""Forms that take their time to come: what counts is who their sender is by then."""

import time
from urllib.parse import urlencode

from gateway.store.agents import change
from gateway.web import guard
from tests.gateway.web.slowly import posted
from tests.small_house import MAILBOX, PASSWORD, csrf_in, mail


def slow(house, browser, path, **fields):
    """Begin to send a form of somebody who is logged in, and return what sends the rest."""
    body = urlencode({"csrf": csrf_in(browser.get("/account").text), **fields}).encode()
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return posted(house.url, path, body, cookie=cookie, content_type="application/x-www-form-urlencoded")


def test_a_form_that_takes_its_time_is_sent_by_who_its_sender_is_when_it_has_come(house):
    seq = house.take(mail("Where is my lamp", "It never came"))
    for name in ("ben", "cleo", "dora"):
        house.accounts.add(name, PASSWORD, role="admin" if name == "cleo" else "agent")
    with house.client("ben") as ben, house.client("cleo") as cleo, house.client("dora") as dora:
        note = slow(house, ben, f"/message/{seq}/note", text="written too late")
        invited = slow(house, cleo, "/people", password=PASSWORD, name="eve", role="admin")
        kept = slow(house, dora, "/take", q="lamp", form="csv")
        house.accounts.remove("ben")
        house.accounts.assign("cleo", role="auditor", mailboxes=())
        house.accounts.assign("dora", role="agent", mailboxes=(MAILBOX,))
        head = house.archive.head()
        assert [each().split()[1] for each in (note, invited, kept)] == [b"403"] * 3
        assert house.accounts.agent("eve") is None
        assert house.archive.head() == head


def test_rights_are_those_of_when_a_form_has_come(house):
    """Whoever moves somebody ends their sessions; this one is kept open to see what it may by now."""
    house.accounts.add("cleo", PASSWORD, role="admin")
    with house.client("cleo") as cleo:
        invited = slow(house, cleo, "/people", password=PASSWORD, name="eve", role="admin")
        with house.accounts.store.write() as tx:
            change(tx, "cleo", role="auditor")
        answer = invited()
    assert answer.split()[1] == b"403"
    assert b"for admins" in answer


def test_a_form_that_never_comes_is_not_waited_for(house, monkeypatch):
    monkeypatch.setattr(guard, "_PATIENCE_S", 0.5)
    with house.client() as anna:
        begun = time.monotonic()
        rest = slow(house, anna, "/message/0/note", text="x")
        time.sleep(0.5)
        assert rest().split()[1] == b"408"
        assert time.monotonic() - begun < 10
