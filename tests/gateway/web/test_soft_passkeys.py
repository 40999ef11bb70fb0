"""Passkeys without a browser: what a key signs is made here, so that its count and its page are what a test wants."""

import base64
import hashlib
import json
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import cbor2
import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.store.factors import Factors
from tests.small_house import PASSWORD, csrf_in, on_a_port

CREDENTIAL = b"credential of anna"
TOUCHED_AND_KNOWN = 0x05


def text(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
def key(house):
    """A key that anna has; it has counted three uses."""
    made = ec.generate_private_key(ec.SECP256R1())
    at = made.public_key().public_numbers()
    cose = {1: 2, 3: -7, -1: 1, -2: at.x.to_bytes(32, "big"), -3: at.y.to_bytes(32, "big")}
    house.site.factors.add_passkey("anna", "key", CREDENTIAL, cbor2.dumps(cose), 3)
    return made


def signed(key, challenge, origin, count):
    client = {"type": "webauthn.get", "challenge": challenge, "origin": origin, "crossOrigin": False}
    said = json.dumps(client).encode()
    data = hashlib.sha256(b"localhost").digest() + bytes([TOUCHED_AND_KNOWN]) + struct.pack(">I", count)
    proof = key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
    response = {
        "clientDataJSON": text(said),
        "authenticatorData": text(data),
        "signature": text(proof),
        "userHandle": None,
    }
    return json.dumps(
        {"id": text(CREDENTIAL), "rawId": text(CREDENTIAL), "type": "public-key", "response": response}
    )


def come(url, key, *, host, origin, count):
    """Log in with what the key has signed for a page; return the status."""
    with httpx.Client(base_url=url, timeout=20, headers={"host": host}) as browser:
        page = browser.get("/login")
        token, cookie = csrf_in(page.text), page.headers["set-cookie"].partition(";")[0]
        browser.cookies.clear()
        browser.headers["cookie"] = cookie  # a secure one, too: there is no TLS here
        asked = browser.post("/login/passkey/ask", data={"csrf": token}).json()
        credential = signed(key, asked["options"]["challenge"], origin, count)
        form = {"csrf": token, "attempt": asked["attempt"], "credential": credential}
        return browser.post("/login/passkey", data=form).status_code


def test_what_was_signed_for_another_port_s_page_opens_nothing_whatever_host_is_said(house, key):
    ours = house.url.removeprefix("http://127.0.0.1:")
    other = {"origin": "http://localhost:9999"}
    assert come(house.url, key, host="localhost:9999", count=4, **other) == 401
    assert come(house.url, key, host=f"localhost:{ours}", count=4, **other) == 401
    assert come(house.url, key, host=f"localhost:{ours}", origin=f"http://localhost:{ours}", count=4) == 303


def test_behind_tls_the_page_is_at_the_port_that_needs_no_saying_or_where_the_settings_say(house, key):
    with on_a_port(replace(house.site, secure_cookie=True)) as url:
        assert come(url, key, host="localhost:9999", origin="https://localhost:9999", count=4) == 401
    said = replace(house.site, origin="http://localhost:9999")
    with on_a_port(said) as url:
        assert come(url, key, host="localhost:9999", origin="http://localhost:9999", count=4) == 303


def test_one_count_of_a_key_opens_once_however_many_come_with_it(house, key, monkeypatch):
    """A key that was copied counts beside the one it was copied from: the second of two that say the same is not let in."""
    port = house.url.rpartition(":")[2]
    both, real = Barrier(2), Factors.used

    def used(*args):
        both.wait(10)
        return real(*args)

    monkeypatch.setattr(Factors, "used", used)
    with ThreadPoolExecutor(2) as two:
        where = {"host": f"localhost:{port}", "origin": f"http://localhost:{port}", "count": 4}
        came = [two.submit(come, house.url, key, **where) for _ in range(2)]
        assert sorted(one.result() for one in came) == [303, 401]


def test_a_passkey_of_who_was_removed_opens_nothing_of_a_namesake(house, key, monkeypatch):
    port, real = house.url.rpartition(":")[2], Factors.used

    def used(*args):
        noted = real(*args)
        house.accounts.remove("anna")
        house.clock.at = house.clock.at.replace(second=59)
        house.accounts.add("anna", PASSWORD, role="admin")
        return noted

    monkeypatch.setattr(Factors, "used", used)
    where = {"host": f"localhost:{port}", "origin": f"http://localhost:{port}"}
    assert come(house.url, key, **where, count=4) == 401
