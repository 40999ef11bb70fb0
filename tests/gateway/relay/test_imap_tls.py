"""A copy into a real Dovecot over TLS: the certificate is checked, and without it nothing is said."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.demo.dovecot import Dovecot
from gateway.errors import WrongUse
from gateway.ingest.tls import make_certificate
from gateway.relay.imap import ImapTransport
from gateway.relay.transport import Deferred, Delivered
from tests.installation import free_ports
from tests.mailboxes import PASSWORD, USER

pytestmark = pytest.mark.needs("dovecot")
RAW = b"X-Docket-ID: 01TLS%d; seq=7\r\nSubject: over TLS\r\n\r\nHello\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    ports = free_ports()
    with tempfile.TemporaryDirectory(prefix="dv-") as folder:  # the paths of its sockets must be short
        place = Path(folder)
        make_certificate(place / "tls", names=("localhost",), now=datetime.now(UTC))
        running = Dovecot(
            place,
            {USER: PASSWORD},
            imap_port=ports["smtp"],
            lmtp_port=ports["lmtp"],
            imaps_port=ports["web"],
            certificate=place / "tls" / "certificate.pem",
            key=place / "tls" / "key.pem",
        )
        running.start()
        yield running
        running.stop()


def way(server, **changes):
    settings = {
        "host": "localhost",
        "port": server.imap_port,
        "tls": "starttls",
        "user": USER,
        "password": PASSWORD,
        "ca_file": str(server.certificate),
        "timeout_s": 5,
    }
    known = {**settings, **changes}
    return ImapTransport(known.pop("host"), known.pop("port"), **known)


@pytest.mark.parametrize("number", [0, 1])
def test_a_copy_goes_in_protected_and_the_outcome_names_the_certificate(server, number):
    changes = [{}, {"port": server.imaps_port, "tls": "implicit"}][number]
    transport = way(server, **changes)
    for _ in range(2):  # the second time over the connection that was kept
        (one,) = transport.send(RAW % number, "", (USER,))
        assert isinstance(one, Delivered), one
        assert one.tls.startswith("TLSv1.")
        assert "sha256:" in one.tls
    assert "before" in one.reply
    assert transport.try_out() == ""
    transport.close()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ca_file": ""}, "ca_file"),
        ({"ca_file": "", "tls": "implicit"}, "ca_file"),
        ({"password": "wrong"}, "user, password_file"),
        ({"host": "127.0.0.1"}, "is not trusted: IP address mismatch"),
    ],
    ids=["an unknown authority", "the same from the first byte", "a wrong password", "another name"],
)
def test_what_does_not_convince_is_told_in_words_and_nothing_is_sent(server, changes, words):
    port = server.imaps_port if changes.get("tls") == "implicit" else server.imap_port
    transport = way(server, port=port, **changes)
    (one,) = transport.send(RAW % 9, "", (USER,))
    assert isinstance(one, Deferred)
    assert words in one.reply
    assert words in transport.try_out()
    transport.close()


def test_an_unverified_connection_is_used_only_where_it_is_asked_for(server):
    with pytest.raises(WrongUse, match="unprotected"):
        way(server, host="mail.example", tls="opportunistic")
    transport = way(server, tls="opportunistic", ca_file="")
    (one,) = transport.send(RAW % 5, "", (USER,))
    assert isinstance(one, Delivered)
    assert one.tls.startswith("TLSv1.")
    transport.close()
