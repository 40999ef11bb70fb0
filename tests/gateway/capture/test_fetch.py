"""Fetching over real servers: Dovecot where it is installed, and the demonstration's own."""

from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import pytest

from gateway.capture.fetch import fetch
from gateway.capture.folder import Source, open_folder, uids_of
from gateway.capture.session import Account, open_session
from gateway.clock import FixedClock
from gateway.errors import Temporary
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
    account = Account(
        name="shop", host=server.host, port=server.imap_port, user=USER, password=PASSWORD, tls="none"
    )
    with open_session(account) as client:
        yield client


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


def source(folder, **more):
    return Source(account="shop", folder=folder, mailbox="s@brand.example", **more)


def take(client, folder, archive, first=1, **more):
    opened = open_folder(client, source(folder, **more))
    return list(fetch(client, opened, uids_of(client, opened, first), archive, clock=CLOCK))


def test_every_message_is_taken_once_with_its_time_and_flags(client, folder):
    fill(client, folder, range(1, 121))
    archive = Archive()
    steps = take(client, folder, archive)
    assert archive.kept == [mail(number) for number in range(1, 121)]
    assert [(one.archived, one.next_uid) for one in steps] == [(100, 101), (20, 121)]
    first = archive.seen[0]
    assert (first.source, first.mailbox, first.received_at) == ("fetch", "s@brand.example", CLOCK.now())
    assert (first.occurred_at, first.occurred_from) == (AT, "internaldate")
    uidvalidity = open_folder(client, source(folder)).uidvalidity
    assert first.origin == f"shop/{folder}/{uidvalidity}/1"
    assert "\\Answered" in first.flags
    assert take(client, folder, archive, first=121) == []
    fill(client, folder, [121])
    (more,) = take(client, folder, archive, first=121)
    assert (more.archived, more.next_uid) == (1, 122)


def test_nothing_in_the_folder_changes(client, folder):
    fill(client, folder, range(2, 5))
    take(client, folder, Archive())
    client.select_folder(folder)
    assert len(client.search("UNSEEN")) == 3


def test_after_a_failure_the_mark_goes_on_without_loss_or_doubles(client, folder):
    fill(client, folder, range(1, 251))
    archive = Archive()
    archive.fails_at = 170
    opened = open_folder(client, source(folder))
    steps = fetch(client, opened, uids_of(client, opened), archive, clock=CLOCK)
    mark = next(steps).next_uid
    with pytest.raises(Temporary, match="disk is full"):
        next(steps)
    assert mark == 101
    archive.fails_at = None
    steps = take(client, folder, archive, first=mark)
    assert archive.kept == [mail(number) for number in range(1, 251)]
    assert sum(one.existing for one in steps) == len(archive.seen) - 250


def test_the_same_bytes_at_another_place_are_known(client, folder):
    fill(client, folder, range(1, 4))
    archive = Archive()
    take(client, folder, archive)
    (again,) = take(client, folder, archive)
    assert (again.archived, again.existing, again.next_uid) == (0, 3, 4)


def test_deleted_messages_leave_no_gap_in_the_run(client, folder):
    fill(client, folder, range(1, 6))
    client.select_folder(folder)
    client.delete_messages([1, 3, 5])
    client.expunge()
    archive = Archive()
    (step,) = take(client, folder, archive)
    assert archive.kept == [mail(2), mail(4)]
    assert (step.unread, step.next_uid) == ((), 5)


@pytest.mark.parametrize(
    ("more", "live", "agent"),
    [
        ({}, False, ""),
        ({"live_from": AT}, True, ""),
        ({"live_from": AT + timedelta(seconds=0.9)}, True, ""),  # INTERNALDATE counts whole seconds
        ({"live_from": AT + timedelta(seconds=1)}, False, ""),
        ({"live_from": AT, "sent": True, "agent": "anna"}, False, "anna"),
        ({"live_from": AT, "agent": "anna"}, True, ""),
    ],
)
def test_what_came_after_the_beginning_is_new_and_what_was_sent_has_its_agent(
    client, folder, more, live, agent
):
    fill(client, folder, [1])
    archive = Archive()
    take(client, folder, archive, **more)
    (seen,) = archive.seen
    assert (seen.live, seen.agent, seen.sent) == (live, agent, more.get("sent", False))
    assert seen.is_copy
    assert seen.is_history is not live


def test_a_folder_that_is_not_there_says_so(client):
    with pytest.raises(Temporary, match="Nowhere of shop"):
        take(client, "Nowhere", Archive())
