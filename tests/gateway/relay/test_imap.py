import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from imapclient import IMAPClient

from gateway.errors import WrongUse
from gateway.mail.stamp import Stamp, stamp
from gateway.relay.imap import ImapTransport
from gateway.relay.transport import Deferred, Delivered, Refused, Unknown
from tests.mailboxes import PASSWORD, USER, mailbox_server

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TO = ("support@brand.example",)
ORIGINAL = b"From: x7k2@marketplace.amazon.com\r\nSubject: mug\r\n\r\nHello\r\n"


def stamped(id_, *, tags=(), original=ORIGINAL):
    made = Stamp(
        id=id_, seq=7, by="docket.example", helo="a", peer="127.0.0.1:1", protocol="smtp", tls="", for_="", at=AT,
        orders=(), tags=tags, marketplace="amazon",
    )  # fmt: skip
    return stamp(original, made)


@pytest.fixture(
    scope="module", params=[pytest.param("dovecot", marks=pytest.mark.needs("dovecot")), "demonstration"]
)
def server(request):
    with mailbox_server(dovecot=request.param == "dovecot") as box:
        yield box


@pytest.fixture
def folder(request):
    return f"I{abs(hash(request.node.nodeid)) % 10**9}"


@pytest.fixture
def transport(server, folder):
    made = ImapTransport(
        server.host, server.imap_port, tls="none", user=USER, password=PASSWORD, folder=folder, timeout_s=5
    )
    yield made
    made.close()


def contents(server, folder):
    with IMAPClient(server.host, server.imap_port, ssl=False, timeout=10) as client:
        client.normalise_times = False
        client.login(USER, PASSWORD)
        client.select_folder(folder, readonly=True)
        return list(
            client.fetch(client.search("ALL") or [0], ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"]).values()
        )


def test_a_copy_carries_the_time_it_came_and_the_tags_that_are_keywords(server, folder, transport):
    raw = stamped("01AAA", tags=("Claim", "vip", "urgent"))
    (one,) = transport.send(raw, "", TO)
    assert isinstance(one, Delivered)
    (kept,) = contents(server, folder)
    assert kept[b"BODY[]"] == raw
    assert kept[b"INTERNALDATE"] == AT
    assert set(kept[b"FLAGS"]) - {b"\\Recent"} == {b"amazon", b"claim", b"urgent"}
    assert one.queue_id.partition("/")[2] == "1"


def test_a_second_attempt_finds_the_copy_of_the_first(server, folder, transport):
    transport.send(stamped("01BBB"), "", TO)
    (one,) = transport.send(stamped("01BBB", tags=("claim",)), "", TO)
    assert isinstance(one, Delivered)
    assert "before" in one.reply
    assert len(contents(server, folder)) == 1


def test_only_the_topmost_id_counts_so_nobody_can_suppress_a_message(server, folder, transport):
    forged = b"X-Docket-ID: 01DDD; seq=9\r\n" + ORIGINAL
    transport.send(stamped("01CCC", original=forged), "", TO)
    (one,) = transport.send(stamped("01DDD"), "", TO)
    assert isinstance(one, Delivered)
    assert len(contents(server, folder)) == 2


def test_mail_without_our_stamp_is_put_there_each_time(server, folder, transport):
    for _ in range(2):
        transport.send(ORIGINAL, "", TO)
    assert len(contents(server, folder)) == 2


def test_several_threads_share_the_connections(server, folder, transport):
    outcomes = []

    def deliver(number):
        outcomes.extend(transport.send(stamped(f"01T{number}"), "", TO))

    threads = [threading.Thread(target=deliver, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(one) for one in outcomes] == [Delivered] * 6
    assert len(contents(server, folder)) == 6


def test_a_wrong_password_defers_and_names_the_settings(server):
    way = ImapTransport(
        server.host, server.imap_port, tls="none", user=USER, password="hunter2", timeout_s=10
    )
    (one,) = way.send(ORIGINAL, "", TO)
    assert isinstance(one, Deferred)
    assert "password_file" in one.reply
    assert "hunter2" not in one.reply


def test_no_starttls_defers_and_sends_no_password(server):
    way = ImapTransport(
        server.host, server.imap_port, tls="required", user=USER, password=PASSWORD, timeout_s=5
    )
    (one,) = way.send(ORIGINAL, "", TO)
    assert isinstance(one, Deferred)
    assert "STARTTLS" in one.reply


def test_a_password_in_the_clear_is_refused_as_a_setting():
    with pytest.raises(WrongUse, match="unprotected"):
        ImapTransport("imap.example", 143, tls="none", user=USER, password=PASSWORD)


@contextmanager
def saying(at_append):
    """Run an IMAP server that logs anyone in and says this at APPEND; "" hangs up once the message has come."""
    listener = socket.create_server(("127.0.0.1", 0))
    appends = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as wire:
                wire.write(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
                wire.flush()
                while line := wire.readline():
                    tag, command, *_ = line.split()
                    answer = b"%s OK done" % tag
                    if command == b"APPEND":
                        appends.append(line)
                        wire.write(b"+ go on\r\n")
                        wire.flush()
                        wire.read(int(line.rstrip()[:-1].rpartition(b"{")[2]) + 2)
                        if not at_append:
                            break
                        answer = b"%s %s" % (tag, at_append.encode())
                    if command in {b"CAPABILITY", b"SELECT", b"EXAMINE"}:
                        wire.write(b"* CAPABILITY IMAP4rev1\r\n")
                    wire.write(answer + b"\r\n")
                    wire.flush()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], appends
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@pytest.mark.parametrize(
    "answer, kind",
    [
        ("NO [OVERQUOTA] full", Deferred),
        ("NO [UNAVAILABLE] later", Deferred),
        ("NO something", Deferred),
        ("NO [TOOBIG] too big", Refused),
        ("NO [NOPERM] not you", Refused),
        ("BAD what", Refused),
        ("", Unknown),
    ],
)
def test_each_answer_to_append_is_an_outcome(answer, kind):
    with saying(answer) as (port, appends):
        way = ImapTransport("127.0.0.1", port, tls="none", user="u", password="p", timeout_s=5)
        (one,) = way.send(ORIGINAL, "", TO)
        way.close()
    assert isinstance(one, kind), one
    assert len(appends) == 1


def test_a_server_that_takes_no_keywords_gets_the_message_without():
    with saying("NO [CANNOT] no keywords here") as (port, appends):
        way = ImapTransport("127.0.0.1", port, tls="none", user="u", password="p", timeout_s=5)
        way.send(b"X-Docket-Tags: claim\r\n" + ORIGINAL, "", TO)
        way.close()
    assert [b"(claim)" in line for line in appends] == [True, False]
