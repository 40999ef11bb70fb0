"""A real Postfix, looked at as far as the login: its TLS, its size limit, and what its greeting says of the time."""

import contextlib
import socket
from datetime import UTC, datetime, timedelta

import pytest

from gateway.checkup.certificates import is_for, served_at
from gateway.checkup.relays import judged
from gateway.clock import FixedClock
from gateway.ingest.tls import make_certificate
from gateway.relay.smtp import SmtpTransport, Survey
from tests.postfix import postfix
from tests.scripted import scripted

CLOCK = FixedClock(datetime(2026, 11, 27, 4, 16, tzinfo=UTC))


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def told(survey, host="127.0.0.1", message_bytes=50_000_000):
    return {
        one.what: (one.ok, one.mend)
        for one in judged(survey, "relay", host=host, message_bytes=message_bytes, clock=CLOCK)
    }


@pytest.mark.needs("postfix")
def test_postfix_says_how_it_protects_and_how_much_it_takes(tmp_path):
    certificate, key = make_certificate(tmp_path, names=("localhost",), now=datetime.now(UTC))
    tmp_path.chmod(0o755)
    port = free_port()
    with postfix(port, certificate=certificate, key=key) as server:
        survey = SmtpTransport(
            "localhost", port, tls="starttls", ca_file=str(certificate), timeout_s=10
        ).survey()
        assert survey.fault == ""
        found = told(survey)
        assert found["relay: TLS"] == (True, "TLSv1.3")
        assert found["relay: size"][0] is False
        assert "1,000,000 bytes at most" in found["relay: size"][1]
        assert is_for("localhost", served_at("localhost", port, "smtp", 10))
        assert not list((server.folder / "mailboxes").rglob("*"))
    assert "no connection" in SmtpTransport("localhost", port, tls="starttls", timeout_s=2).survey().fault


@pytest.mark.parametrize(
    ("size", "ok", "words"),
    [
        ("", True, "names no limit"),
        ("0", True, "names no limit"),
        ("9999999", False, "let it take 10,000,000"),
        ("35882577", True, "a larger answer comes back (Docket takes 50,000,000)"),
        ("60000000", True, "it takes 60,000,000 bytes"),
    ],
)
def test_a_size_is_weighed_against_what_marketplaces_and_docket_take(size, ok, words):
    found = told(Survey(extensions={"SIZE": size}))["relay: size"]
    assert (found[0], words in found[1]) == (ok, True)


def test_mail_that_everybody_can_read_on_its_way_is_to_mend_but_on_this_machine():
    assert told(Survey())["relay: TLS"][0]
    assert told(Survey(), host="smtp.provider.example")["relay: TLS"] == (
        False,
        'everybody on the way can read along; set tls = "required"',
    )


def test_a_greeting_that_says_the_time_tells_of_the_clock():
    at = (CLOCK.now() - timedelta(minutes=7)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    with scripted(script={"connect": f"220 mx.provider.example ESMTP; {at}"}) as server:
        survey = SmtpTransport("127.0.0.1", server.port, tls="none", timeout_s=5).survey()
    ok, mend = told(survey, host="mx.provider.example")["clock against mx.provider.example"]
    assert not ok
    assert "420 s ahead of" in mend
