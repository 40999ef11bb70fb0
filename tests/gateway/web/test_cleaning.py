"""HTML that strangers built to take for ever: it costs its own looks, in a child with limits, and no other page waits for it."""

import os
import signal
import socket
import threading
from contextlib import closing
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from gateway.extraction import Extract
from gateway.web.cleaner import cleaned
from gateway.web.cleaning import Cleaned, Cleaner
from tests.small_house import BUYER, MAILBOX, PIXEL, build_house, mail, serving

SAID = "too tangled to be shown"
ENDLESS = "&#" * 1_000_000  # fifteen seconds to its parser, though nothing nests in it
DECEIVING = "<div><!--</div>-->" * 50_000


def html_mail(html: str, message_id: str = "t1") -> bytes:
    head = f"From: x <{BUYER}>\r\nTo: {MAILBOX}\r\nSubject: t\r\nMessage-ID: <{message_id}@x>\r\nMIME-Version: 1.0\r\n"
    return (head + f"Content-Type: text/html\r\n\r\n{html}\r\n").encode()


@pytest.fixture
def cleaner():
    with closing(Cleaner(seconds=0.7)) as one:
        yield one


@pytest.mark.parametrize("html", [ENDLESS, DECEIVING])
def test_what_takes_too_long_is_given_up_and_not_tried_again(cleaner, html):
    assert cleaner.clean(html_mail(html), True) == Cleaned(has_html=True, tangled=True)
    assert cleaner.clean(html_mail(html), False) == Cleaned(has_html=True, tangled=True)
    assert cleaner._child is None
    cleaner._seconds = 20
    assert cleaner.clean(html_mail("<p>the <b>words</b></p>"), True).html.strip() == "<p>the <b>words</b></p>"


def test_a_message_that_ends_the_child_is_given_up_and_the_next_one_is_cleaned(cleaner):
    cleaner._seconds = 20
    cleaner.clean(html_mail("first"), True)
    os.kill(cleaner._child.process.pid, signal.SIGKILL)
    assert cleaner.clean(html_mail("second"), True).tangled
    assert cleaner.clean(html_mail("third"), True).html.strip() == "third"


def test_no_more_than_two_hundred_pictures_are_put_in_their_places():
    files = [(f"{one}.png", "image/png", PIXEL, f"p{one}@x") for one in range(210)]
    raw = mail("x", "x", html="".join(f'<img src="cid:p{one}@x">' for one in range(210)), files=files)
    assert cleaned(raw, True).html.count("data:image/png;base64,") == 200
    assert cleaned(raw, False).html.count("<img>") == 210


@pytest.mark.parametrize(
    "tags", ["<div>" * 30_000, "<img " + " ".join(f"a{one}=1" for one in range(20_000)) + ">"]
)
def test_html_that_is_too_tangled_is_shown_as_text_and_says_so(house, tags):
    seq = house.take(html_mail(f"the words {tags}"))
    with house.client() as browser:
        page = browser.get(f"/message/{seq}?view=html").text
        frame = browser.get(f"/message/{seq}/html")
    assert SAID in page
    assert "the words" in page
    assert "<iframe" not in page
    assert SAID in frame.text
    assert "default-src 'none'" in frame.headers["content-security-policy"]


@pytest.mark.parametrize("what", ["html", "?view=html", "file/2/picture"])
def test_pages_answer_while_many_wait_for_what_is_slow(tmp_path, what):
    house, slow, begun = build_house(tmp_path), threading.Event(), threading.Semaphore(0)

    def never(answer):
        begun.release()
        slow.wait(60)
        return answer

    house.site = replace(
        house.site, clean=lambda *_: never(Cleaned()), draw=lambda *_: never(Extract(picture=PIXEL))
    )
    files = [("a.png", "image/png", PIXEL, "")]
    seq = house.take(mail("x", "x", html="<p>x</p>", files=files))
    with serving(house), house.client() as browser:
        at = urlsplit(house.url)
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        asked = f"GET /message/{seq}{'' if what[0] == '?' else '/'}{what} HTTP/1.1\r\nHost: {at.netloc}\r\nCookie: {cookies}\r\n\r\n"
        links = [socket.create_connection((at.hostname, at.port)) for _ in range(60)]
        for link in links:
            link.sendall(asked.encode())
        assert begun.acquire(timeout=20)
        try:
            for _ in range(20):  # by the last, all of them have come as far as they come
                assert browser.get(f"/message/{seq}").status_code == 200
        finally:
            for link in links:
                link.close()
            slow.set()
        assert browser.get("/status").status_code == 200
