"""Signing in on another device, renewing, and what happens when the provider says no; against a real Dovecot's oauth2."""

import stat
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.capture.oauth import Client, SignInNeeded, await_token, invite
from gateway.capture.session import Account, open_session
from gateway.capture.tokens import TokenFile
from gateway.clock import SystemClock
from gateway.demo.dovecot import find_dovecot
from gateway.errors import Temporary
from gateway.relay.imap_login import LoginRefused
from tests.oauth_provider import TokenDovecot, provider

USER = "shop"


class MovedClock(SystemClock):
    later = timedelta(0)

    def now(self):
        return super().now() + self.later


@pytest.fixture
def signing():
    with provider(USER) as one:
        yield one


@pytest.fixture
def client(signing):
    return Client(
        device_url=signing.url("device"),
        token_url=signing.url("token"),
        scope="imap",
        client_id="docket",
        client_secret="s3cret",
    )


@pytest.fixture
def clock():
    return MovedClock()


@pytest.fixture
def tokens(client, clock, tmp_path):
    return TokenFile(tmp_path / "tokens" / "shop.json", client, clock, hint="run: docket mailbox authorize X")


def sign_in(signing, client, clock):
    """Sign in as a person does who first asks for patience."""
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 2:
            signing.approve()

    token = await_token(client, invite(client, clock), clock, sleep=sleep)
    return token, pauses


def test_a_person_signs_in_on_another_device(signing, client, clock):
    invitation = invite(client, clock)
    assert (invitation.url, invitation.code) == (signing.url("sign-in"), "WDJB-MJHT")
    token, pauses = sign_in(signing, client, clock)
    assert token.access in signing.access
    assert pauses == [0.01, 0.01]
    told = dict(signing.asked)["token"]
    assert (told["client_id"], told["client_secret"]) == ("docket", "s3cret")


@pytest.mark.parametrize(
    ("state", "words"), [("denied", "access_denied"), ("expired", "expired_token .AADSTS70000: told by")]
)
def test_a_sign_in_that_fails_says_why(signing, client, clock, state, words):
    with pytest.raises(SignInNeeded, match=words):
        await_token(client, invite(client, clock), clock, sleep=lambda _: signing.approve(state))


def test_nobody_is_waited_for_for_ever(client, clock):
    def sleep(_seconds):
        clock.later += timedelta(minutes=4)

    with pytest.raises(SignInNeeded, match="nobody signed in before the code ran out"):
        await_token(client, invite(client, clock), clock, sleep=sleep)


def test_a_provider_that_asks_for_slowness_gets_it(signing, client, clock):
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        signing.answers = {} if len(pauses) > 1 else {"token": (400, b'{"error":"slow_down"}')}
        if len(pauses) == 3:
            signing.approve()

    await_token(client, invite(client, clock), clock, sleep=sleep)
    assert pauses == [0.01, 5.01, 5.01]


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b"<html>", "no JSON"),
        (200, b"[1]", "no JSON object"),
        (503, b"{}", "status 503"),
        (400, b'{"error":"invalid_client"}', "begins no sign-in: invalid_client"),
        (200, b"[" * 100_000, "no JSON"),
        (200, b'{"error": {"a": "\\u0000\\u001b[31m"}}', "begins no sign-in"),
    ],
)
def test_a_provider_that_babbles_is_told_in_words(signing, client, clock, status, body, words):
    signing.answers["device"] = status, body
    with pytest.raises(Temporary, match=words) as told:
        invite(client, clock)
    assert str(told.value).isprintable()


def test_tokens_are_renewed_before_they_end_and_kept_where_nobody_else_reads(signing, client, clock, tokens):
    token, _ = sign_in(signing, client, clock)
    tokens.keep(token)
    assert tokens.access() == token.access
    clock.later = timedelta(minutes=56)
    renewed = tokens.access()
    assert renewed != token.access
    assert renewed in signing.access
    clock.later = timedelta(hours=2)  # with the new renewal token, for the old one was good once
    assert tokens.access() not in {renewed, token.access}
    assert stat.S_IMODE(tokens._place.stat().st_mode) == 0o600
    assert stat.S_IMODE(tokens._place.parent.stat().st_mode) == 0o700


def test_where_a_person_must_sign_in_it_says_how(signing, client, clock, tokens):
    with pytest.raises(
        SignInNeeded, match="nobody has signed in to this account yet; run: docket mailbox authorize X"
    ):
        tokens.access()
    tokens.keep(sign_in(signing, client, clock)[0])
    signing.refresh.clear()
    clock.later = timedelta(hours=2)
    with pytest.raises(
        SignInNeeded, match=r"invalid_grant \(AADSTS70008.*\); run: docket mailbox authorize X"
    ):
        tokens.access()


def test_a_provider_that_is_away_for_a_while_needs_no_person(signing, client, clock, tokens):
    tokens.keep(sign_in(signing, client, clock)[0])
    clock.later = timedelta(hours=2)
    signing.answers["token"] = 503, b""
    with pytest.raises(Temporary, match="status 503") as told:
        tokens.access()
    assert not isinstance(told.value, SignInNeeded)
    signing.answers.clear()
    assert tokens.access() in signing.access


@pytest.fixture
def dovecot(signing, free_port):
    program = find_dovecot()
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("2.3"):
        pytest.skip("the settings of this test are Dovecot 2.3's")
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        server = TokenDovecot(Path(folder), {USER: "x"}, imap_port=free_port(), lmtp_port=free_port())
        server.provider = signing
        yield server
        server.stop()


@pytest.mark.needs("dovecot")
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_dovecot_takes_a_token_and_refuses_one_that_was_taken_back(
    signing, client, clock, dovecot, mechanism
):
    dovecot.mechanisms = mechanism
    dovecot.start()
    token, _ = sign_in(signing, client, clock)

    def session():
        return open_session(
            Account(
                name="shop",
                host="127.0.0.1",
                port=dovecot.imap_port,
                user=USER,
                token=token.access,
                tls="none",
            )
        )

    with session() as one:
        assert one.select_folder("INBOX", readonly=True)[b"EXISTS"] == 0
    signing.revoke()
    with (
        pytest.raises(LoginRefused, match=r"refused the login of 'shop' \(its OAuth token\)") as told,
        session(),
    ):
        pass
    assert token.access not in str(told.value)
