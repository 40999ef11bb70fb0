"""Signing in with a browser that comes back: by itself, by hand, refused, and from a page that is not the provider's."""

import threading
import urllib.request
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.capture.consent import Consent
from gateway.capture.oauth import Client, SignInNeeded
from gateway.clock import SystemClock
from tests.oauth_provider import provider

CLOCK = SystemClock()


@pytest.fixture
def signing():
    with provider("shop") as one:
        yield one


@pytest.fixture
def client(signing):
    return Client(
        auth_url=signing.url("auth?access_type=offline"),
        device_url="",
        token_url=signing.url("token"),
        scope="mail",
        client_id="docket",
    )


def test_a_browser_comes_back_with_a_code_that_only_we_can_redeem(signing, client):
    with Consent(client, CLOCK) as consent:
        asked = parse_qs(urlsplit(consent.url).query)
        assert (asked["access_type"], asked["code_challenge_method"], asked["scope"]) == (
            ["offline"],
            ["S256"],
            ["mail"],
        )

        def browse():
            back = signing.consent(consent.url)
            for address in (urlsplit(back)._replace(path="/favicon.ico", query="").geturl(), back):
                with urllib.request.urlopen(address, timeout=10) as page:
                    assert b"Signed in" in page.read()

        browser = threading.Thread(target=browse)
        browser.start()
        token = consent.wait()
        browser.join(10)
    assert token.access in signing.access
    assert token.refresh in signing.refresh


def test_the_address_that_a_browser_elsewhere_ended_at_will_do(signing, client):
    with Consent(client, CLOCK) as consent:
        assert consent.read(f"  {signing.consent(consent.url)}\n").access in signing.access


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda back: back.replace("state=", "state=x"), "this is not where the browser ended"),
        (lambda back: back.replace("code=", "code=x"), "without a token: invalid_grant"),
        (lambda back: "", "this is not where the browser ended"),
        (lambda back: "http://[", "this is not where the browser ended"),
    ],
)
def test_what_comes_from_elsewhere_opens_nothing(signing, client, change, words):
    with Consent(client, CLOCK) as consent, pytest.raises(SignInNeeded, match=words):
        consent.read(change(signing.consent(consent.url)))


def test_a_person_who_refuses_is_told_of(signing, client):
    with (
        Consent(client, CLOCK) as consent,
        pytest.raises(SignInNeeded, match="without a code: access_denied"),
    ):
        consent.read(signing.consent(consent.url, error="access_denied"))


def test_each_sign_in_has_secrets_of_its_own(client):
    with Consent(client, CLOCK) as one, Consent(replace(client), CLOCK) as other:
        first, second = (parse_qs(urlsplit(each.url).query) for each in (one, other))
    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]
