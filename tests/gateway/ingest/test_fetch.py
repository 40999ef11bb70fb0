"""Fetching over real servers: Dovecot where it is installed, and the demonstration's own."""

import socket
from concurrent.futures import Future
from datetime import UTC, datetime

import pytest
from imapclient import IMAPClient

from gateway.clock import FixedClock
from gateway.errors import Temporary
from gateway.ingest.fetch import Cursor, fetch_folder
from gateway.receipt import Receipt
from tests.mailboxes import PASSWORD, USER, mailbox_server

AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
CLOCK = FixedClock(datetime(2026, 11, 23, tzinfo=UTC))


@pytest.fixture(
    scope="module", params=[pytest.param("dovecot", marks=pytest.mark.needs("dovecot")), "demonstration"]
)
def server(request):
    with mailbox_server(dovecot=request.param == "dovecot") as box:
        yield box


@pytest.fixture
def client(server):
    client = IMAPClient(server.host, server.imap_port, ssl=False, timeout=10)
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.login(USER, PASSWORD)
    yield client
    client.logout()


@pytest.fixture
def folder(client, request):
    name = f"F{abs(hash(request.node.nodeid)) % 10**9}"
    client.create_folder(name)
    return name


class Archive:
    """Keeps what it is given, once for each content, and fails at the message it is told to."""

    def __init__(self):
        self.kept = []
        self.seen = []
        self.fails_at = None

    def __call__(self, raw, envelope):
        done = Future()
        if len(self.seen) == self.fails_at:
            done.set_exception(Temporary("the disk is full"))
            return done
        existing = raw in self.kept
        if not existing:
            self.kept.append(raw)
        self.seen.append(envelope)
        done.set_result(Receipt(seq=self.kept.index(raw), existing=existing, reply="250 2.0.0 Archived"))
        return done


def mail(number):
    return f"Subject: {number}\r\n\r\n.dots\r\nGrüße {number}\r\n".encode()


def fill(client, folder, numbers):
    for number in numbers:
        client.append(folder, mail(number), ["\\Answered"] if number == 1 else (), AT)


def fetch(client, folder, cursor, archive):
    return list(
        fetch_folder(client, folder, cursor, archive, account="shop", clock=CLOCK, mailbox="s@brand.example")
    )


def test_every_message_is_taken_once_with_its_time_and_flags(client, folder):
    fill(client, folder, range(1, 121))
    archive = Archive()
    steps = fetch(client, folder, Cursor(), archive)
    assert archive.kept == [mail(number) for number in range(1, 121)]
    assert [one.archived for one in steps] == [50, 50, 20]
    first = archive.seen[0]
    assert (first.source, first.mailbox, first.received_at) == ("fetch", "s@brand.example", CLOCK.now())
    assert (first.occurred_at, first.occurred_from) == (AT, "internaldate")
    assert first.origin == f"shop/{folder}/{steps[0].cursor.uidvalidity}/1"
    assert "\\Answered" in first.flags
    assert fetch(client, folder, steps[-1].cursor, archive) == []
    fill(client, folder, [121])
    (more,) = fetch(client, folder, steps[-1].cursor, archive)
    assert (more.archived, more.cursor.next_uid) == (1, 122)


def test_nothing_in_the_folder_changes(client, folder):
    fill(client, folder, range(2, 5))
    fetch(client, folder, Cursor(), Archive())
    client.select_folder(folder)
    assert len(client.search("UNSEEN")) == 3


def test_after_a_failure_the_last_cursor_goes_on_without_loss_or_doubles(client, folder):
    fill(client, folder, range(1, 121))
    archive = Archive()
    archive.fails_at = 70
    steps = fetch_folder(client, folder, Cursor(), archive, account="shop", clock=CLOCK)
    cursor = next(steps).cursor
    with pytest.raises(Temporary, match="disk is full"):
        next(steps)
    assert cursor.next_uid == 51
    archive.fails_at = None
    steps = fetch(client, folder, cursor, archive)
    assert archive.kept == [mail(number) for number in range(1, 121)]
    assert sum(one.existing for one in steps) == len(archive.seen) - 120


def test_another_uidvalidity_reads_the_folder_again_and_the_bytes_tell_what_is_known(client, folder):
    fill(client, folder, range(1, 4))
    archive = Archive()
    (first,) = fetch(client, folder, Cursor(), archive)
    old = Cursor(uidvalidity=first.cursor.uidvalidity - 1, next_uid=99)
    (again,) = fetch(client, folder, old, archive)
    assert (again.archived, again.existing) == (0, 3)
    assert again.cursor == first.cursor


def test_deleted_messages_leave_no_gap_in_the_run(client, folder):
    fill(client, folder, range(1, 6))
    client.select_folder(folder)
    client.delete_messages([1, 3, 5])
    client.expunge()
    archive = Archive()
    (step,) = fetch(client, folder, Cursor(), archive)
    assert archive.kept == [mail(2), mail(4)]
    assert (step.unread, step.cursor.next_uid) == ((), 5)


def test_a_folder_that_is_not_there_says_so(client):
    with pytest.raises(Temporary, match="Nowhere of shop"):
        fetch(client, "Nowhere", Cursor(), Archive())
