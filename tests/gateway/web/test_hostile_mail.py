"""Hostile mail before a real browser: nothing in it runs, nothing leaves, and it learns nothing of us, on any page."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from gateway.mail.entry import Envelope
from gateway.web.pages.frame import FRAME_CSP
from tests.gateway.web.chromium import chromium, log_in
from tests.hostile_html import aimed_at
from tests.hostile_mails import CANARY, HEADERS, hostile_mails
from tests.small_house import BUYER, MAILBOX, ORDER, House, build_house, serving

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.slow]

_FRAMES = """
const [addresses, done] = arguments;
let left = addresses.length;
const readable = () => [...document.querySelectorAll("iframe")].filter(one => one.contentDocument).length;
for (const address of addresses) {
  const frame = document.createElement("iframe");
  if (address.sandbox) frame.setAttribute("sandbox", "");
  frame.addEventListener("load", () => { if (!--left) done(readable()); }, { once: true });
  frame.src = address.src;
  document.body.append(frame);
}
"""


@contextmanager
def canary() -> Iterator[tuple[int, list[bytes]]]:
    """Listen where hostile mail would report to; yields the port and what came first over each connection."""
    heard: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)

    def listen() -> None:
        while True:
            try:
                link, _ = listening.accept()
            except OSError:
                return
            with link:
                link.settimeout(2)
                try:
                    heard.append(link.recv(4096).split(b"\r\n")[0])
                    link.sendall(
                        b"HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n"
                    )
                except OSError:
                    heard.append(b"(connected)")

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield listening.getsockname()[1], heard
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


@contextmanager
def plain_server(pages: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Serve pages as they are, each with a policy or none: what the world looks like without us."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body, policy = pages.get(self.path, ("", ""))
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Scene:
    """A house with all of the hostile mail in it, a browser logged in there, and what the canary heard."""

    house: House
    browser: webdriver.Chrome
    seqs: dict[str, int]
    heard: list[bytes]


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Iterator[Scene]:
    place = tmp_path_factory.mktemp("hostile")
    house = build_house(place)
    envelope = Envelope(
        source="smtp",
        mail_from=BUYER,
        rcpt_to=(MAILBOX,),
        mailbox=MAILBOX,
        trusted=True,
        received_at=house.clock.now(),
    )
    taken = {name: house.gateway.accept(raw, envelope) for name, raw in hostile_mails().items()}
    seqs = {name: one.result().seq for name, one in taken.items()}
    house.settle()
    net = place / "net.json"
    with serving(house), canary() as (port, heard):
        flags = (
            f"--host-resolver-rules=MAP *{CANARY} 127.0.0.1:{port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--log-net-log={net}",
        )
        with chromium(place, flags=flags) as browser:
            log_in(browser, house.url)
            yield Scene(house, browser, seqs, heard)
        assert heard == []
        # No name was looked up and no connection was opened either, whatever page it was.
        told = net.read_text("utf-8").partition('"events"')[2]
        assert house.url in told
        assert re.findall(rf"[\w.-]*{re.escape(CANARY)}[^\"]*", told) == []


def visit(scene: Scene, *paths: str) -> None:
    """See pages; nothing may have run in them, and not one wall may have had to stop anything."""
    scene.browser.get_log("browser")
    for path in paths:
        scene.browser.get(scene.house.url + path)
        assert scene.browser.title.endswith("Docket"), path
    assert scene.browser.current_url.startswith(scene.house.url)
    assert scene.browser.get_log("browser") == []
    assert scene.heard == []


def test_there_are_many_and_all_are_of_one_order(scene):
    assert len(scene.seqs) > 100
    scene.browser.get(f"{scene.house.url}/?q=order:{ORDER}")
    assert f"{len(scene.seqs)} " in scene.browser.find_element(By.CSS_SELECTOR, ".bar").text


def test_no_message_in_its_frame_does_anything(scene):
    visit(scene, f"/message/{scene.seqs['html 0']}?view=html")
    pages = [{"src": f"/message/{seq}/html", "sandbox": True} for seq in scene.seqs.values()]
    readable = scene.browser.execute_async_script(_FRAMES, pages)
    assert readable == 0  # each is of an origin of its own: neither side reads the other
    assert scene.browser.title.endswith("Docket")
    assert scene.browser.get_log("browser") == []
    assert scene.heard == []


def test_no_message_page_does_anything(scene):
    visit(scene, *(f"/message/{seq}" for name, seq in scene.seqs.items() if not name.startswith("html ")))


@pytest.mark.parametrize("view", ["html", "headers", "source"])
def test_no_view_of_a_message_does_anything(scene, view):
    names = [*HEADERS, "page within the page", "end of the frame", "huge table"]
    visit(scene, *(f"/message/{scene.seqs[name]}?view={view}" for name in names))


def test_no_page_that_lists_them_does_anything(scene):
    order = f"/order/amazon/{ORDER}"
    visit(scene, order, f"{order}?view=print", f"/?q=order:{ORDER}", "/?q=script", "/waiting", "/custody")


def test_each_wall_holds_alone_and_without_them_the_mail_is_live(tmp_path):
    with canary() as (port, heard), chromium(tmp_path) as browser:
        pages = {"/": ("<body>", "")}
        for number, html in enumerate(aimed_at(f"127.0.0.1:{port}")):
            pages[f"/bare{number}"] = (html, "")
            pages[f"/policy{number}"] = (html, FRAME_CSP.replace("'self'", "*"))
        with plain_server(pages) as url:
            browser.get(url)
            walled = [{"src": page, "sandbox": True} for page in pages if "policy" in page]
            browser.execute_async_script(_FRAMES, walled)
            # A refresh by meta, and hints to connect, are navigation and network matters that no policy of ours
            # stops: for these the cleaning is the wall.
            assert {line.split()[1] for line in heard if b" " in line} <= {b"/16"}
            heard.clear()
            browser.get(url)
            browser.execute_async_script(_FRAMES, [{"src": page} for page in pages if "bare" in page])
            # The corpus bites where nobody stands in its way.
            WebDriverWait(browser, 10).until(lambda _: len(set(heard)) > 20)
