"""Every request passes the guard: a table of who may come in, and what every answer carries."""

import errno
import socket
from dataclasses import replace

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import Temporary, WrongUse
from gateway.web.guard import CSP
from gateway.web.pages.search import searches_of
from tests.small_house import PASSWORD, build_house, csrf_in, serving
from tests.stores import no_room

GET_PAGES = [
    "/",
    "/?q=lamp",
    "/message/0",
    "/message/0/raw",
    "/message/0/html",
    "/message/0/file/2",
    "/entry/0/proof",
    "/entry/0/leaf",
    "/checkpoint",
    "/order/amazon/302-4937261-8841957",
    "/order?ref=302",
    "/status",
    "/reports",
    "/reports/2026-11/all.csv",
    "/custody",
    "/custody/erasures/1.txt",
    "/no/such/page",
]
POST_PAGES = [
    "/message/0/note",
    "/message/0/tag",
    "/message/0/link",
    "/message/0/release",
    "/order/amazon/302-4937261-8841957",
    "/custody/verify",
    "/custody/holds",
    "/custody/erasures",
    "/logout",
]


@pytest.mark.parametrize("path", GET_PAGES)
def test_without_a_session_every_page_leads_to_the_login(told, path):
    answer = httpx.get(told.url + path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("path", POST_PAGES)
def test_without_a_session_nothing_can_be_done(told, path):
    head = told.archive.head()
    assert httpx.post(told.url + path, data={"text": "x", "add": "x"}).status_code == 403
    assert told.archive.head() == head


@pytest.mark.parametrize("path", POST_PAGES)
@pytest.mark.parametrize("token", ["", "0" * 64, "ünicode"])
def test_a_form_without_its_token_does_nothing(told, browser, path, token):
    head = told.archive.head()
    answer = browser.post(path, data={"text": "x", "add": "x", "order": "1", "csrf": token})
    assert answer.status_code == 403
    assert "expired" in answer.text
    assert told.archive.head() == head


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://["},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_a_form_from_another_site_does_nothing_even_with_the_token(told, browser, headers):
    head = told.archive.head()
    token = csrf_in(browser.get("/").text)
    answer = browser.post(
        f"/message/{told.seqs['question']}/note", data={"text": "x", "csrf": token}, headers=headers
    )
    assert answer.status_code == 403
    assert "another site" in answer.text
    assert told.archive.head() == head


def test_our_own_origin_may_post(house):
    with house.client() as browser:
        token = csrf_in(browser.get("/").text)
        headers = {"origin": house.url, "sec-fetch-site": "same-origin"}
        assert browser.post("/logout", data={"csrf": token}, headers=headers).status_code == 303


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8025", "[::2]:80", ""]
)
def test_another_host_name_is_not_answered(told, host):
    answer = httpx.get(told.url + "/login", headers={"host": host})
    assert answer.status_code == 400
    assert "csrf" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8025", "127.0.0.1:9", "[::1]:8025"])
def test_our_names_are_answered_on_any_port(told, host):
    assert httpx.get(told.url + "/login", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_not_taken(browser, method):
    assert browser.request(method, "/").status_code == 405


def test_a_form_too_large_is_refused_before_it_is_read_to_the_end(browser):
    token = csrf_in(browser.get("/").text)
    assert browser.post("/message/0/note", data={"csrf": token, "text": "x" * 70_000}).status_code == 413


@pytest.mark.parametrize("path", ["/message/", "/entry/", "/api/v1/messages/"])
def test_an_address_far_too_long_is_none(browser, path):
    assert browser.get(path + "9" * 4400).status_code == 404


@pytest.mark.parametrize("body", [b"\xff\xfe=1", b"&".join(b"a=%d" % n for n in range(99))])
def test_a_form_that_is_no_form_is_refused(browser, body):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.post("/logout", content=body, headers=headers).status_code == 400


def test_on_a_full_disk_a_form_says_so(house, caplog):
    with house.client() as browser:
        token = csrf_in(browser.get("/searches").text)
        before = len(searches_of(house.site).seen_by("anna"))
        with no_room(house.accounts.store):
            answers = [
                browser.post("/searches", data={"csrf": token, "name": f"s{one}", "q": "word " * 90})
                for one in range(40)
            ]
        kept = sum(answer.status_code == 303 for answer in answers)  # where there was room on a page already
        assert {answer.status_code for answer in answers} == {303, 503}
        assert "There is no room left on the disk." in answers[-1].text
        assert len(searches_of(house.site).seen_by("anna")) == before + kept
    assert "Traceback" not in caplog.text
    assert "page-failed method=POST path=/searches" in caplog.text


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (Temporary("the archive is being read by a surgeon"), 503, "Try again later"),
        (OSError(errno.ENOSPC, "no space, said the surgeon"), 503, "no room left on the disk"),
        (OSError(errno.EPERM, "not permitted, said the surgeon"), 500, "on our side"),
        (WrongUse("no surgeon is to be called here"), 500, "on our side"),
    ],
)
def test_a_fault_that_passes_is_told_as_one(tmp_path, fault, status, said):
    built = build_house(tmp_path)

    def away():
        raise fault

    built.site = replace(built.site, status=away)
    with serving(built) as house, house.client() as browser:
        answer = browser.get("/status")
    assert answer.status_code == status
    assert said in answer.text
    assert "surgeon" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/login", "/status", "/static/style.css", "/no/such/page", "/message/99"]
)
def test_every_answer_carries_the_headers(browser, path):
    headers = browser.get(path).headers
    assert headers["content-security-policy"] == CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere():
    assert "unsafe" not in CSP
    assert "http" not in CSP
    assert CSP.startswith("default-src 'none'")
    for part in ("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert part in CSP


def test_the_session_cookie_is_for_this_site_and_not_for_scripts(told):
    with httpx.Client(base_url=told.url) as browser:
        form = {"name": "anna", "password": PASSWORD, "csrf": csrf_in(browser.get("/login").text)}
        cookie = browser.post("/login", data=form).headers.get_list("set-cookie")[0].lower()
    assert cookie.startswith("docket=")
    for part in ("httponly", "samesite=strict", "path=/"):
        assert part in cookie


def test_under_tls_the_cookie_is_bound_to_it(tmp_path):
    built = build_house(tmp_path)
    built.site = replace(built.site, secure_cookie=True)
    with serving(built) as house, httpx.Client(base_url=house.url) as browser:
        cookie = browser.get("/login").headers["set-cookie"].lower()
    assert cookie.startswith("__host-docket-visit=")
    assert "secure" in cookie


@pytest.mark.parametrize(
    ("name", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("", ""), ("anna", "")]
)
def test_a_wrong_login_does_not_say_what_was_wrong(house, name, password):
    with httpx.Client(base_url=house.url) as browser:
        token = csrf_in(browser.get("/login").text)
        answer = browser.post("/login", data={"name": name, "password": password, "csrf": token})
        assert answer.status_code == 401
        assert "Name or password is wrong." in answer.text
        assert browser.get("/").status_code == 303


def test_who_guesses_must_wait_even_with_the_right_password_and_not_for_ever(house):
    from datetime import timedelta

    with httpx.Client(base_url=house.url) as browser:
        token = csrf_in(browser.get("/login").text)
        tries = [
            browser.post("/login", data={"name": "anna", "password": str(n), "csrf": token}) for n in range(6)
        ]
        assert [answer.status_code for answer in tries] == [401] * 5 + [429]
        assert tries[-1].headers["retry-after"] == "300"
        right = {"name": "anna", "password": PASSWORD, "csrf": token}
        assert browser.post("/login", data=right).status_code == 429
        house.clock.at += timedelta(minutes=6)
        assert browser.post("/login", data=right).status_code == 303


def test_logging_out_ends_the_session_on_the_server(house):
    with house.client() as browser:
        cookies = dict(browser.cookies)
        token = csrf_in(browser.get("/").text)
        assert browser.post("/logout", data={"csrf": token}).status_code == 303
        assert httpx.get(house.url + "/", cookies=cookies).status_code == 303


def test_each_login_is_a_session_of_its_own(house):
    with house.client() as first, house.client() as second:
        assert first.cookies["docket"] != second.cookies["docket"]
        assert csrf_in(first.get("/").text) != csrf_in(second.get("/").text)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/message/1?view=html", "/message/1?view=html"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\r\nset-cookie: a=b", "/"),
    ],
)
def test_after_login_one_stays_on_this_site(told, asked, given):
    with httpx.Client(base_url=told.url) as browser:
        form = {
            "name": "anna",
            "password": PASSWORD,
            "next": asked,
            "csrf": csrf_in(browser.get("/login").text),
        }
        assert browser.post("/login", data=form).headers["location"] == given


def test_a_search_typed_after_the_session_ended_leads_to_the_login(told):
    answer = httpx.get(told.url + "/?q=a", headers={"hx-request": "true"})
    assert answer.headers["hx-redirect"] == "/login"


def test_a_fault_of_ours_is_a_constant_page_and_a_line_in_the_log(tmp_path, caplog):
    built = build_house(tmp_path)
    built.site = replace(built.site, status=lambda: {}["the secret of the house"])
    with serving(built) as house, house.client() as browser:
        answer = browser.get("/status")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["content-security-policy"] == CSP
    assert "page-failed method=GET path=/status" in caplog.text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.binary(max_size=40))
def test_no_path_brings_out_a_fault(told, browser, path):
    target = b"/" + bytes(byte for byte in path if byte > 0x20 and byte != 0x7F and byte != 0x23)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items()).encode()
    port = int(told.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(
            b"GET "
            + target
            + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nCookie: "
            + cookie
            + b"\r\n\r\n"
        )
        answer = b"".join(iter(lambda: link.recv(65536), b""))
    assert answer[9:10] in b"234", answer[:200]
    assert b"Traceback" not in answer


@pytest.mark.parametrize(
    "path",
    [
        "/message/99999999999999999999999999",
        "/message/9007199254740992",
        "/message/-1",
        "/message/1e3",
        "/message/%00",
        "/entry/99999999999999999999/proof",
        "/entry/4000/leaf",
        "/message/0/raw",
        "/message/0/file/..%2f..%2fetc%2fpasswd",
        "/message/0/file/%00",
        "/order/a/%00",
        "/order/amazon/" + "9" * 300,
        "/order/%F0%9F%8E%81/%ED%A0%80",
        "/static/../guard.py",
        "/static/%2e%2e/guard.py",
        "/static/",
    ],
)
def test_odd_addresses_are_simply_not_there(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "Traceback" not in answer.text
