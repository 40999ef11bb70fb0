"""A provider of the company's login whose answers are broken or odd: people are told that it is away, and it is left in peace for a while."""

import base64
import json
import socket
import threading
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

from gateway.clock import SystemClock
from gateway.door.address import is_safe
from gateway.errors import Temporary
from gateway.web.oidc import NotThem, Provider
from tests.gateway.web.test_second_step import stranger
from tests.small_house import build_house, serving


@contextmanager
def answering(said):
    """Give the address of a server that answers each path with these very bytes."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    path = connection.recv(65536).split()[1].decode()
                    connection.sendall(said[path])
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):  # what is left unread would break the answer off
                        pass

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def ok(body):
    return b"HTTP/1.0 200 OK\r\n\r\n" + body


DEEP = b"[" * 200_000
BROKEN = {
    "status": b"garbage\r\n\r\n",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "short": b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
    "headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300 + b"\r\n{}",
    "deep": ok(DEEP),
}
NO_KEYS = [b"{}", b'{"keys": 5}', b'{"keys": [5]}', b'{"keys": [{"kty": "RSA", "n": 5, "e": "AQAB"}]}', DEEP]


def provider(issuer):
    return Provider(
        title="Brand login",
        issuer=issuer,
        client_id="docket",
        client_secret=lambda: "s",
        claim="preferred_username",
        clock=SystemClock(),
    )


@contextmanager
def described(**said):
    """Give a provider that describes itself well, and answers otherwise as told."""
    answers = {f"/{name}": answer for name, answer in said.items()}
    with answering(answers) as issuer:
        about = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/auth",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
        }
        answers["/.well-known/openid-configuration"] = ok(json.dumps(about).encode())
        yield provider(issuer)


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_none(said):
    with described(token=said) as one, pytest.raises(Temporary):
        one.finish("code", "nonce", "verifier", "http://127.0.0.1/back")


def test_a_refusal_that_breaks_off_is_a_refusal():
    said = b"HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"
    with described(token=said) as one, pytest.raises(NotThem):
        one.finish("code", "nonce", "verifier", "http://127.0.0.1/back")


@pytest.mark.parametrize("keys", NO_KEYS, ids=lambda one: one[:30].decode())
def test_keys_that_are_none_are_not_asked_for_again_at_once(keys):
    token = ok(b'{"id_token": "e30.e30.AA"}')
    with described(token=token, jwks=ok(keys)) as one:
        for _ in range(2):
            with pytest.raises(Temporary):
                one.finish("code", "nonce", "verifier", "http://127.0.0.1/back")
        assert one._again_at


@pytest.mark.parametrize("header", [b"[" * 100_000, b"[]", b'{"alg": 5}'], ids=["deep", "list", "number"])
def test_an_odd_token_is_not_believed(header):
    key = {"kty": "oct", "k": "A" * 43, "kid": "k"}
    head = base64.urlsafe_b64encode(header).rstrip(b"=").decode()
    token = ok(json.dumps({"id_token": f"{head}.e30.AA"}).encode())
    with described(token=token, jwks=ok(json.dumps({"keys": [key]}).encode())) as one, pytest.raises(NotThem):
        one.finish("code", "nonce", "verifier", "http://127.0.0.1/back")


@pytest.mark.parametrize("address", ["http://[x/", "https://b\ud800.example/", "javascript:x", ""])
def test_an_address_that_is_none_is_not_asked(address):
    assert not is_safe(address)


def test_people_are_told_that_it_is_away(tmp_path):
    built = build_house(tmp_path)
    with answering({"/.well-known/openid-configuration": BROKEN["status"]}) as issuer:
        built.site = replace(built.site, sso=provider(issuer))
        with serving(built) as house, stranger(house) as browser:
            answer = browser.get("/login/sso")
    assert answer.status_code == 502
    assert "Brand login does not answer" in answer.text
