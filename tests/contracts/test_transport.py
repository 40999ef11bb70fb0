"""What every way out promises, asked of each over a real server that speaks its language."""

import hashlib
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from imapclient import IMAPClient

from gateway.ingest.tls import make_certificate
from gateway.relay.imap import ImapTransport
from gateway.relay.lmtp import LmtpTransport
from gateway.relay.mx import MxTransport
from gateway.relay.smtp import SmtpTransport
from gateway.relay.transport import Deferred, Delivered, Refused, Transport, Unknown
from tests.mailboxes import PASSWORD, USER, mailbox_server
from tests.nameserver import nameserver
from tests.postfix import postfix
from tests.scripted import scripted

SENDER = "support@brand.example"
_KINDS = (Delivered, Deferred, Refused, Unknown)


@dataclass
class Way:
    """One transport with its server: who is taken, who is not, what arrived, and the same transport with no server."""

    transport: Transport
    known: tuple[str, ...]
    unknown: str  # "" where every recipient is as good as another
    arrived: Callable[[bytes], list[bytes]]  # what holds this mark
    without_server: Transport
    keeps_bytes: bool = True  # False: its store writes LF line ends


def unstuffed(bodies, mark):
    return [body.replace(b"\r\n..", b"\r\n.") for body in bodies if mark in body]


def over_script(stack, free_port, tmp_path):
    server = stack.enter_context(scripted())
    return Way(
        SmtpTransport("127.0.0.1", server.port, tls="none"),
        ("a@x.example", "b@x.example"),
        "nobody@x.example",
        lambda mark: unstuffed(server.bodies, mark),
        SmtpTransport("127.0.0.1", free_port(), tls="none"),
    )


def over_mx(stack, free_port, tmp_path):
    server = stack.enter_context(scripted())
    resolver = stack.enter_context(nameserver({"x.example": [(10, "localhost")]}))
    made = {"hostname": "docket.example", "timeout_s": 5.0, "resolver": resolver}
    return Way(
        MxTransport(port=server.port, **made),
        ("a@x.example", "b@x.example"),
        "nobody@x.example",
        lambda mark: unstuffed(server.bodies, mark),
        MxTransport(port=free_port(), **made),
    )


def over_postfix(stack, free_port, tmp_path):
    certificate, key = make_certificate(tmp_path, names=("localhost", "127.0.0.1"), now=datetime.now(UTC))
    server = stack.enter_context(postfix(free_port(), certificate=certificate, key=key))

    def arrived(mark):
        # Postfix adds fields before the message and keeps lines as a Unix system does.
        return [mail[mail.index(b"Subject:") :] for mail in server.mail("a", mark)]

    return Way(
        SmtpTransport("127.0.0.1", server.port, tls="required", ca_file=str(certificate)),
        ("a@x.example", "b@x.example"),
        "nobody@x.example",
        arrived,
        SmtpTransport("127.0.0.1", free_port(), tls="required", ca_file=str(certificate)),
        keeps_bytes=False,
    )


def read_folder(box, mark):
    with IMAPClient(box.host, box.imap_port, ssl=False, timeout=10) as client:
        client.login(USER, PASSWORD)
        client.select_folder("INBOX", readonly=True)
        found = client.fetch(client.search("ALL") or [0], ["BODY.PEEK[]"])
        return [one[b"BODY[]"] for one in found.values() if mark in one[b"BODY[]"]]


def over_lmtp(stack, free_port, tmp_path):
    box = stack.enter_context(mailbox_server(dovecot=True))

    def arrived(mark):
        # Dovecot writes Return-Path, Delivered-To and Received before the message.
        return [mail[mail.index(b"Subject:") :] for mail in read_folder(box, mark)]

    return Way(
        LmtpTransport(box.host, box.lmtp_port),
        (USER,),
        "",  # its users are made up as they come
        arrived,
        LmtpTransport(box.host, free_port()),
    )


def over_imap(*, dovecot):
    def make(stack, free_port, tmp_path):
        box = stack.enter_context(mailbox_server(dovecot=dovecot))
        made = {"tls": "none", "user": USER, "password": PASSWORD, "timeout_s": 10.0}
        transport = ImapTransport(box.host, box.imap_port, **made)
        stack.callback(transport.close)
        without = ImapTransport(box.host, free_port(), **made)
        return Way(
            transport, ("a@x.example", "b@x.example"), "", lambda mark: read_folder(box, mark), without
        )

    return make


WAYS = [
    pytest.param(over_script, id="smtp-scripted"),
    pytest.param(over_mx, id="mx-scripted"),
    pytest.param(over_postfix, id="smtp-postfix", marks=pytest.mark.needs("postfix")),
    pytest.param(over_lmtp, id="lmtp-dovecot", marks=pytest.mark.needs("dovecot")),
    pytest.param(over_imap(dovecot=True), id="imap-dovecot", marks=pytest.mark.needs("dovecot")),
    pytest.param(over_imap(dovecot=False), id="imap-demonstration"),
]


@pytest.fixture(params=WAYS, scope="module")
def way(request, tmp_path_factory):
    with ExitStack() as stack:
        yield request.param(stack, free_port, tmp_path_factory.mktemp("way"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def told(outcomes):
    """Return each recipient's outcome; every recipient must have exactly one."""
    pairs = [(to, one) for one in outcomes for to in one.recipients]
    assert len({to for to, _ in pairs}) == len(pairs)
    assert all(isinstance(one, _KINDS) for one in outcomes)
    return dict(pairs)


MAIL = "Subject: Grüße\r\nFrom: support@brand.example\r\n\r\nHello\r\n.\r\n..dots\r\nend \r\n\r\n".encode()


def test_a_message_arrives_as_it_was_given(way):
    outcomes = told(way.transport.send(MAIL, SENDER, way.known))
    assert set(outcomes) == set(way.known)
    for one in outcomes.values():
        assert isinstance(one, Delivered), one
        assert one.reply
        assert one.queue_id
        assert one.remote
    assert way.arrived(b"Gr\xc3\xbc\xc3\x9fe") == [
        (MAIL if way.keeps_bytes else MAIL.replace(b"\r\n", b"\n"))
    ]


def test_long_lines_travel_whole(way):
    raw = b"Subject: long\r\n\r\n" + b"y" * 1500 + b"\r\n"
    (one,) = way.transport.send(raw, SENDER, way.known[:1])
    assert isinstance(one, Delivered), one
    (kept,) = way.arrived(b"Subject: long")
    assert kept.replace(b"\r\n", b"\n") == raw.replace(b"\r\n", b"\n")


def test_each_recipient_has_exactly_one_outcome(way):
    recipients = (*way.known, *([way.unknown] if way.unknown else []), way.known[0])
    outcomes = told(way.transport.send(b"Subject: each\r\n\r\n", SENDER, recipients))
    assert set(outcomes) == set(recipients)
    assert all(isinstance(outcomes[to], Delivered) for to in way.known)
    if way.unknown:
        assert isinstance(outcomes[way.unknown], Refused), outcomes
        assert outcomes[way.unknown].reply.startswith("550 5.1.1")


def test_a_server_that_is_away_defers_everyone(way):
    outcomes = told(way.without_server.send(MAIL, SENDER, way.known))
    assert set(outcomes) == set(way.known)
    for one in outcomes.values():
        assert isinstance(one, Deferred)
        assert one.reply.startswith("451 4.")


def test_no_recipients_is_no_outcome_for_anyone(way):
    assert told(way.transport.send(MAIL, SENDER, ())) == {}


@pytest.mark.needs("postfix")
def test_postfix_says_what_it_refuses_and_how_it_is_protected(tmp_path):
    certificate, key = make_certificate(tmp_path, names=("localhost", "127.0.0.1"), now=datetime.now(UTC))
    with postfix(free_port(), certificate=certificate, key=key) as server:
        way = SmtpTransport("localhost", server.port, tls="required", ca_file=str(certificate))
        (one,) = way.send(MAIL, SENDER, ("a@x.example",))
        assert one.tls.startswith("TLSv1.3 ")
        shown = ssl.PEM_cert_to_DER_cert(certificate.read_text())
        assert one.tls.endswith(hashlib.sha256(shown).hexdigest())
        assert f"queued as {one.queue_id}" in one.reply
        (one,) = way.send(MAIL, "stranger@brand.example", ("a@x.example",))
        assert isinstance(one, Refused)
        (one,) = way.send(MAIL, SENDER, ("a@elsewhere.example",))
        assert isinstance(one, Refused)
        assert "Relay access denied" in one.reply
        (one,) = way.send(MAIL + b"x" * 1_000_000 + b"\r\n", SENDER, ("a@x.example",))
        assert isinstance(one, Refused)
        assert "1000000 at most" in one.reply
        stranger = SmtpTransport("localhost", server.port, tls="required")
        (one,) = stranger.send(MAIL, SENDER, ("a@x.example",))
        assert isinstance(one, Deferred)
        assert "not trusted" in one.reply
        open_ = SmtpTransport("localhost", server.port, tls="opportunistic")
        (one,) = open_.send(MAIL, SENDER, ("a@x.example",))
        assert isinstance(one, Delivered)
        assert one.tls
