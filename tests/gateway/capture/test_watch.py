"""One account watched over a real Dovecot: new mail, outages, restarts, folders that begin anew."""

import contextlib
import json
import shutil
import socket
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from imapclient import IMAPClient
from sqlalchemy import insert

from gateway.archive.archive import Archive, create_archive
from gateway.capture.folders import Wanted
from gateway.capture.record import Record
from gateway.capture.session import Account, open_session
from gateway.capture.standing import Board, read_standings
from gateway.capture.watch import AccountWatch
from gateway.clock import SystemClock
from gateway.demo.dovecot import Dovecot
from gateway.errors import WrongUse
from gateway.ingest.tls import make_certificate
from gateway.pipeline import Intake
from gateway.store import places, tables
from tests.installation import wait_for
from tests.scripted_imap import scripted_imap
from tests.stores import new_store

USER, PASSWORD, BOX = "shop", "correct horse", "support@brand.example"
pytestmark = pytest.mark.needs("dovecot")


class MovedClock(SystemClock):
    """The system's time, and as much more as the test says."""

    later = timedelta(0)

    def now(self):
        return super().now() + self.later


@pytest.fixture
def dovecot(free_port):
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:  # its own users must be able to enter
        server = Dovecot(Path(folder), {USER: PASSWORD}, imap_port=free_port(), lmtp_port=free_port())
        server.start()
        yield server
        server.stop()


class House:
    """An archive, and what an account's capture does to it."""

    def __init__(self, folder, clock):
        urls = f"sqlite:///{folder}/archive.db", f"sqlite:///{folder}/keys.db"
        create_archive(*urls, folder / "secrets", "docket/watch", clock)
        self.archive = Archive(*urls, folder / "secrets", clock=clock)
        self.store = new_store(folder / "store.db")
        self.place, self.clock, self.stop = folder / "capture.json", clock, threading.Event()

    def account(self, port):
        return Account(
            name="shop", host="127.0.0.1", port=port, user=USER, password=PASSWORD, tls="none", timeout_s=10
        )

    def watch(self, port, **more):
        account = self.account(port)
        return AccountWatch(
            lambda: open_session(account),
            Intake(self.archive).accept,
            Record(self.archive, self.store, sleep=lambda _: None),
            Board(self.place),
            account="shop",
            mailbox=BOX,
            clock=self.clock,
            **{"wanted": (Wanted("INBOX"),), "poll_s": 3600.0, **more},
        )

    @contextlib.contextmanager
    def watching(self, port, **more):
        self.stop = threading.Event()
        thread = threading.Thread(target=self.watch(port, **more).run, args=(self.stop,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stop.set()
            thread.join(20)
            assert not thread.is_alive()

    def entries(self, type_):
        return [entry for entry in self.archive.entries(0) if entry.type == type_]

    def subjects(self, type_="mail.in"):
        return [entry.payload.split(b"\r\n")[0].decode() for entry in self.entries(type_)]

    def standing(self):
        return (read_standings(self.place) or [None])[0]


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path, MovedClock())
    yield house
    house.archive.close()
    house.store.close()


@contextlib.contextmanager
def client(server):
    client = IMAPClient("127.0.0.1", server.imap_port, ssl=False, timeout=10)
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        client.login(USER, PASSWORD)
        yield client
    finally:
        client.shutdown()


def put(server, *numbers, folder="INBOX"):
    with client(server) as one:
        for number in numbers:
            one.append(folder, f"Subject: {number}\r\n\r\nmail {number}\r\n".encode())


def has(house, count, type_="mail.in"):
    return lambda: len(house.entries(type_)) >= count


def test_history_is_taken_first_to_last_and_new_mail_when_the_server_tells_of_it(dovecot, house):
    put(dovecot, *range(1, 6))
    with client(dovecot) as one:  # it came long before
        one.append("INBOX", b"Subject: old\r\n\r\nold\r\n", (), datetime(2020, 1, 1, tzinfo=UTC))
    with house.watching(dovecot.imap_port):  # it would ask again in an hour
        wait_for(has(house, 6))
        wait_for(lambda: house.standing().state == "watching")
        put(dovecot, 6)
        wait_for(has(house, 7))
        assert house.subjects() == [*(f"Subject: {n}" for n in range(1, 6)), "Subject: old", "Subject: 6"]
        live = {entry.payload[9:12].strip(): entry.meta["live"] for entry in house.entries("mail.in")}
        assert (live[b"old"], live[b"6"]) == (False, True)
    assert house.standing().state == "stopped"


def test_a_server_without_idle_is_asked_again_and_again(house):
    mails = {1: b"Subject: 1\r\n\r\n1\r\n"}
    with scripted_imap(mails) as server, house.watching(server.port, poll_s=0.05):
        wait_for(has(house, 1))
        mails[2] = b"Subject: 2\r\n\r\n2\r\n"
        wait_for(has(house, 2))
    assert house.subjects() == ["Subject: 1", "Subject: 2"]


def test_several_folders_each_with_its_direction_and_the_absent_one_is_named(dovecot, house):
    put(dovecot, 1)
    put(dovecot, "mine", folder="Sent")
    wanted = Wanted("INBOX"), Wanted("\\Junk"), Wanted("\\Sent", sent=True)
    with house.watching(dovecot.imap_port, wanted=wanted, agent="anna", poll_s=0.1):
        wait_for(lambda: house.standing() and house.standing().state == "watching")
        put(dovecot, "more", folder="Sent")
        wait_for(has(house, 2, "mail.out"))
        wait_for(lambda: "no folder is marked \\Junk; there are: " in house.standing().error)
    assert house.subjects() == ["Subject: 1"]
    assert [entry.meta["agent"] for entry in house.entries("mail.out")] == ["anna", "anna"]


def test_a_server_that_goes_and_comes_again_costs_nothing_and_a_long_outage_is_a_gap(dovecot, house):
    put(dovecot, 1)
    with house.watching(dovecot.imap_port):
        wait_for(lambda: house.standing() and house.standing().state == "watching")
        dovecot.stop()
        wait_for(lambda: house.standing().state == "failing")
        assert f"127.0.0.1:{dovecot.imap_port}" in house.standing().error or "shop" in house.standing().error
        dovecot.start()
        put(dovecot, 2)
        wait_for(has(house, 2))
        assert house.entries("gap") == []
        wait_for(lambda: house.standing().state == "watching")
        dovecot.stop()
        wait_for(lambda: house.standing().state == "failing")
        house.clock.later = timedelta(hours=3)
        dovecot.start()
        put(dovecot, 3)
        wait_for(has(house, 3))
        (gap,) = wait_for(lambda: house.entries("gap"))
    assert house.subjects() == ["Subject: 1", "Subject: 2", "Subject: 3"]
    assert b'"mailbox":"support@brand.example"' in gap.payload
    assert b'"why":"' in gap.payload
    assert b"not running" not in gap.payload


def test_the_time_between_two_lives_of_the_service_is_a_gap_too(dovecot, house):
    for later in (0, 60, 3600):
        house.clock.later = timedelta(seconds=later)
        with house.watching(dovecot.imap_port):
            wait_for(lambda: house.standing() and house.standing().state == "watching")
    (gap,) = house.entries("gap")
    assert b'"why":"Docket was not running"' in gap.payload


def test_a_folder_that_was_made_anew_is_read_from_the_start(dovecot, house):
    with client(dovecot) as one:
        one.create_folder("Orders")
    put(dovecot, 1, 2, folder="Orders")
    wanted = (Wanted("Orders"),)
    assert [step.archived for _, step in house.watch(dovecot.imap_port, wanted=wanted).once()] == [2]
    with client(dovecot) as one:
        one.delete_folder("Orders")
        one.create_folder("Orders")
    put(dovecot, 2, 3, folder="Orders")
    steps = [
        (step.archived, step.existing) for _, step in house.watch(dovecot.imap_port, wanted=wanted).once()
    ]
    assert steps == [(1, 1)]
    assert house.subjects() == ["Subject: 1", "Subject: 2", "Subject: 3"]


def test_nothing_on_the_server_changes(dovecot, house):
    put(dovecot, 1, 2)
    list(house.watch(dovecot.imap_port).once())
    with client(dovecot) as one:
        one.select_folder("INBOX", readonly=True)
        assert len(one.search("UNSEEN")) == 2
        assert [flags for flags in one.get_flags([1, 2]).values() if set(flags) - {b"\\Recent"}] == []


def test_a_wrong_password_is_said_to_be_so_and_nothing_is_lost(dovecot, house):
    dovecot.stop()
    dovecot.users[USER] = "another"
    dovecot.start()
    with house.watching(dovecot.imap_port):
        wait_for(lambda: house.standing() and house.standing().state == "failing")
        assert "refused the login of 'shop' (settings user, password_file)" in house.standing().error


class People:
    """Whoever is told; they can be out of reach."""

    def __init__(self):
        self.told, self.reachable = [], True

    def __call__(self, subject, words):
        if self.reachable:
            self.told.append((subject, words))
        return self.reachable


def test_a_mailbox_that_falls_silent_is_told_of_once_and_recorded_once(dovecot, house):
    put(dovecot, 1)
    people = People()
    more = {"silence_hours": 6.0, "tell": people, "poll_s": 0.05}
    with house.watching(dovecot.imap_port, **more):
        wait_for(lambda: house.standing() and house.standing().state == "watching")
        house.clock.later = timedelta(hours=5)
        seen = house.standing().contact_at
        wait_for(lambda: house.standing().contact_at > seen + timedelta(hours=4))
        assert people.told == []
        people.reachable = False
        house.clock.later = timedelta(hours=7)
        wait_for(lambda: house.standing().silent_since is not None)
        people.reachable = True
        wait_for(lambda: people.told)
    with house.watching(dovecot.imap_port, **more):  # another start is no reason to say it again
        wait_for(lambda: house.standing().state == "watching")
        assert "no mail since 20" in house.standing().troubles[0]
    ((subject, words),) = people.told
    assert subject == "no mail for support@brand.example"
    assert "6 hours without mail are more than you set (silence_hours)" in words
    assert len(house.entries("silence")) == 1


def test_an_account_that_cannot_be_read_for_long_is_told_of_with_the_reason(dovecot, house):
    people = People()
    dovecot.stop()
    with house.watching(dovecot.imap_port, tell=people):
        wait_for(lambda: house.standing() and house.standing().state == "failing")
        assert people.told == []
        house.clock.later = timedelta(minutes=20)
        wait_for(lambda: people.told)
        dovecot.start()
        wait_for(lambda: house.standing().state == "watching")
    ((subject, words),) = people.told
    assert subject == "mail of support@brand.example is not captured"
    assert "no IMAP connection to 127.0.0.1" in words
    assert "run `docket doctor`" in words
    assert house.standing().told == {}


def test_what_the_archive_lacks_is_found_fetched_and_recorded(dovecot, house):
    put(dovecot, *range(1, 8))
    list(house.watch(dovecot.imap_port).once())
    rows = []
    with house.store.write() as tx:  # as the worker would, but for two messages that it was never shown
        rows = [entry for entry in house.entries("mail.in") if entry.payload[9:10] not in b"36"]
        places.apply_arrivals(tx, 0, rows)
    found = [one for one, step in house.watch(dovecot.imap_port).reconcile() if step is None]
    assert [(one.messages, one.missing, one.elsewhere, one.gone) for one in found] == [(7, 0, 2, 0)]
    with client(dovecot) as one:
        one.select_folder("INBOX")
        one.delete_messages([1])
        one.expunge()
    put(dovecot, 8)
    with house.watching(dovecot.imap_port):
        wait_for(has(house, 2, "reconciliation"))
    assert [
        b'"gone":1,"mailbox":"support@brand.example"' in one.payload
        for one in house.entries("reconciliation")
    ] == [
        False,
        True,
    ]


def test_what_leaves_the_mailbox_past_docket_is_told_once_and_of_nobody(dovecot, house):
    def deed(seq, of, did, uids, agent="anna"):
        said = {"did": did, "folder": "INBOX", "uidvalidity": validity, "uids": uids}
        told = {"marketplace": "", "value": "", "agent": agent, "at": house.clock.now(), "type": "imap"}
        with house.store.write() as tx:
            tx.execute(insert(tables.events), {"log": 0, "seq": seq, "of": of, "summary": said, **told})

    def departed():
        told = [json.loads(one.payload) for one in house.entries("imap")]
        return [(one["of"], one["uids"], one["did"], one["agent"]) for one in told]

    put(dovecot, *range(1, 8))
    list(house.watch(dovecot.imap_port).once())
    mail = house.entries("mail.in")
    with house.store.write() as tx:
        places.apply_arrivals(tx, 0, mail)
    with client(dovecot) as one:
        validity = one.select_folder("INBOX")[b"UIDVALIDITY"]
        one.delete_messages([1, 2, 5, 6])
        one.expunge()
    list(house.watch(dovecot.imap_port).reconcile())
    assert departed() == []  # nobody reads through Docket: nothing is past it
    deed(100, mail[1].seq, "moved", "2")
    deed(101, None, "expunged", "5:6")
    list(house.watch(dovecot.imap_port).reconcile())
    assert departed() == [(mail[0].seq, "1", "left", "")]
    deed(102, mail[0].seq, "left", "1", agent="")
    list(house.watch(dovecot.imap_port).reconcile())
    assert len(departed()) == 1


def test_a_message_that_a_server_hid_is_captured_by_the_daily_comparison(house):
    mails = {1: b"Subject: 1\r\n\r\n1\r\n", 3: b"Subject: 3\r\n\r\n3\r\n"}
    with scripted_imap(mails) as server, house.watching(server.port, poll_s=0.05):
        wait_for(has(house, 1, "reconciliation"))
        mails[2] = b"Subject: 2\r\n\r\n2\r\n"  # below the mark, where no server may put anything
        house.clock.later = timedelta(hours=25)
        wait_for(has(house, 3))
        wait_for(has(house, 2, "reconciliation"))
    assert b'"missing":1' in house.entries("reconciliation")[1].payload


def test_everything_is_compared_byte_by_byte_where_that_is_asked_for(house):
    mails = {1: b"Subject: 1\r\n\r\n1\r\n", 2: b"Subject: 2\r\n\r\n2\r\n"}
    with scripted_imap(mails) as server:
        list(house.watch(server.port).once())
        mails[2] = b"Subject: 2\r\n\r\nnot what it was\r\n"
        found = [one for one, step in house.watch(server.port).reconcile(deep=True) if step is None]
    assert [(one.messages, one.missing) for one in found] == [(2, 1)]
    assert len(house.entries("mail.in")) == 3


def test_what_is_wrong_with_the_settings_may_be_mended_while_the_service_runs(house):
    mails = {1: b"Subject: 1\r\n\r\n1\r\n"}
    wrong = [WrongUse("mailbox x: password_file cannot be read")]
    with scripted_imap(mails) as server:
        watch = house.watch(server.port)
        good = watch._open

        def opening():
            if wrong:
                raise wrong.pop()
            return good()

        watch._open = opening
        thread = threading.Thread(target=watch.run, args=(house.stop,), daemon=True)
        thread.start()
        wait_for(lambda: house.standing() and "password_file" in house.standing().error)
        wait_for(has(house, 1))
        house.stop.set()
        thread.join(20)
    assert not thread.is_alive()
    assert house.subjects() == ["Subject: 1"]


def test_new_mail_does_not_wait_for_the_history_of_other_folders(house):
    mails = {uid: f"Subject: {uid}\r\n\r\n{uid}\r\n".encode() for uid in range(1, 8)}
    with scripted_imap(mails) as server:
        watch = house.watch(server.port, wanted=(Wanted("INBOX"), Wanted("Spam")))
        server._sizes = dict.fromkeys(mails, 10_000_000)  # each in a batch of its own, it seems
        stop = threading.Event()
        with open_session(house.account(server.port)) as client:
            first, other = watch._sources(client)[0]
            assert watch._all(client, other, stop, for_s=0.0) is False
            assert 1 <= len(house.entries("mail.in")) < 7  # the next batch is under way while one is written
            assert watch._all(client, first, stop) is True
            assert watch._all(client, other, stop) is True
    assert sum(len(house.entries(type_)) for type_ in ("mail.in", "sighting")) == 14


def test_over_tls_too_the_server_tells_of_new_mail(house, tmp_path, free_port):
    certificate, key = make_certificate(tmp_path / "tls", names=("localhost",), now=datetime.now(UTC))
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        copies = [Path(shutil.copy(one, folder)) for one in (certificate, key)]
        ports = {"imap_port": free_port(), "lmtp_port": free_port(), "imaps_port": free_port()}
        server = Dovecot(Path(folder), {USER: PASSWORD}, **ports, certificate=copies[0], key=copies[1])
        server.start()
        account = Account(
            name="shop",
            host="localhost",
            port=server.imaps_port,
            user=USER,
            password=PASSWORD,
            tls="implicit",
            ca_file=str(certificate),
        )
        house.account = lambda _port: account
        try:
            put(server, *range(1, 30))
            with house.watching(server.imaps_port):
                wait_for(lambda: house.standing() and house.standing().state == "watching")
                for number in range(30, 40):
                    put(server, number)
                    wait_for(has(house, number))
        finally:
            server.stop()
    assert house.subjects() == [f"Subject: {number}" for number in range(1, 40)]
