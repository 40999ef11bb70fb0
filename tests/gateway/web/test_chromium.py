"""A real browser before a real server: hostile mail reaches nobody, and the search answers while one types."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.web.pages.frame import FRAME_CSP
from tests.gateway.web.chromium import chromium, log_in
from tests.hostile_html import HOSTILE
from tests.small_house import ORDER, mail

pytestmark = [pytest.mark.needs("chromium", "chromedriver"), pytest.mark.slow]


@contextmanager
def canary() -> Iterator[tuple[str, list[bytes]]]:
    """Listen where hostile mail would report to; yields HOST:PORT and the requests that came."""
    heard: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

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
        yield f"127.0.0.1:{listening.getsockname()[1]}", heard
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


def aimed_at(place: str) -> list[str]:
    return [html.replace("CANARY", place) for html in HOSTILE]


def test_hostile_mail_runs_nothing_and_reaches_nobody(house, tmp_path):
    with canary() as (place, heard), chromium(tmp_path) as browser:
        seqs = [
            house.take(mail(f"Hostile {n}", "see", html=html, message_id=f"h{n}"), trusted=False)
            for n, html in enumerate(aimed_at(place))
        ]
        seqs.append(house.take(mail("All", "see", html="".join(aimed_at(place))), trusted=False))
        log_in(browser, house.url)
        for seq in seqs:
            for path in (f"/message/{seq}?view=html", f"/message/{seq}/html", f"/message/{seq}"):
                browser.get(house.url + path)
                assert browser.current_url == house.url + path
                assert browser.execute_script("return document.title") != "owned"
        assert heard == []


def test_each_wall_holds_alone_and_without_them_the_mail_is_live(tmp_path):
    with canary() as (place, heard), chromium(tmp_path) as browser:
        pages = {}
        for number, html in enumerate(aimed_at(place)):
            pages[f"/bare{number}"] = (html, "")
            pages[f"/policy{number}"] = (html, FRAME_CSP.replace("'self'", "*"))
            pages[f"/framed{number}"] = (f'<iframe sandbox="" src="/policy{number}"></iframe>', "")
        with plain_server(pages) as url:
            for number in range(len(HOSTILE)):
                browser.get(f"{url}/framed{number}")
                browser.get(f"{url}/policy{number}")
            # A refresh by meta, and hints to connect, are navigation and network matters that no policy of ours
            # stops: for these the cleaning is the wall.
            assert {line.split()[1] for line in heard if b" " in line} <= {b"/16"}
            heard.clear()
            for number in range(len(HOSTILE)):
                browser.get(f"{url}/bare{number}")
            browser.get("about:blank")
            assert len(set(heard)) > 20  # the corpus bites where nobody stands in its way


def test_the_search_answers_while_one_types_and_breaks_no_policy(told, tmp_path):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    with chromium(tmp_path) as browser:
        log_in(browser, told.url)
        box = browser.find_element(By.ID, "q")
        browser.execute_script("window.sameDocument = true")

        def rows() -> list[str]:
            return browser.execute_script(
                "return [...document.querySelectorAll('.row .subject')].map(e => e.innerText)"
            )

        assert len(rows()) == 4
        box.send_keys("customs")
        WebDriverWait(browser, 10).until(lambda _: rows() == ["Your parcel"])
        assert browser.current_url == told.url + "/?q=customs&sort=newest"
        box.send_keys(" from:")
        WebDriverWait(browser, 10).until(lambda _: browser.find_elements(By.CSS_SELECTOR, ".alert pre.caret"))
        box.clear()
        box.send_keys(ORDER)
        WebDriverWait(browser, 10).until(lambda _: len(rows()) == 4)
        assert browser.execute_script("return window.sameDocument")
        browser.find_elements(By.CSS_SELECTOR, ".row .order")[0].click()
        WebDriverWait(browser, 10).until(lambda _: f"/order/amazon/{ORDER}" in browser.current_url)
        browser.back()
        WebDriverWait(browser, 10).until(lambda _: len(rows()) == 4)
        assert browser.execute_script("return sessionStorage.getItem('htmx-history-cache')") in (None, "[]")
        assert [line for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []


@pytest.mark.parametrize("width", [320, 768, 1360])
def test_no_page_scrolls_sideways(told, tmp_path, width):
    paths = ["/", "/?q=from:", "/?q=zzzz", "/status", f"/order/amazon/{ORDER}", "/nowhere"]
    paths += [
        f"/message/{told.seqs[name]}{view}"
        for name in ("question", "answer")
        for view in ("", "?view=html", "?view=headers", "?view=source")
    ]
    with chromium(tmp_path, width=width) as browser:
        log_in(browser, told.url)
        for path in paths:
            browser.get(told.url + path)
            wide, inner = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
            assert wide <= inner, path


def test_a_own_picture_is_seen_in_the_frame(told, tmp_path):
    with chromium(tmp_path) as browser:
        log_in(browser, told.url)
        browser.get(f"{told.url}/message/{told.seqs['question']}?view=html")
        frame = browser.find_element("css selector", "iframe.html")
        browser.switch_to.frame(frame)
        picture = browser.find_element("css selector", "img")
        assert picture.get_property("naturalWidth") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_told_from_their_ground(told, tmp_path, scheme):
    """Contrast of at least 4.5 for every visible text (WCAG 2.2, success criterion 1.4.3)."""
    paths = [
        "/",
        "/?q=damaged OR Riss",
        "/?q=from:",
        f"/message/{told.seqs['question']}",
        f"/message/{told.seqs['answer']}",
        f"/order/amazon/{ORDER}",
        "/status",
    ]
    with chromium(tmp_path, scheme=scheme) as browser:
        log_in(browser, told.url)
        for path in paths:
            browser.get(told.url + path)
            assert browser.execute_script(_CONTRAST) == [], path


_CONTRAST = """
const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const parts = text => text.match(/[\\d.]+/g).map(Number);
const ground = e => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
const poor = [];
for (const e of document.querySelectorAll('body *')) {
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility() || e.closest('.unseen, .skip')) continue;
  const a = light(parts(getComputedStyle(e).color)), b = light(ground(e));
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) poor.push([e.tagName, e.className, e.textContent.slice(0, 20), ratio.toFixed(2)].join(' '));
}
return poor;
"""
