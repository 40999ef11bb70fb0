"""The power goes at every write while a folder is captured: each message is archived exactly once all the same."""

from collections import Counter

import pytest

from gateway.capture.folders import Wanted
from gateway.capture.record import Record
from gateway.capture.session import Account, open_session
from gateway.capture.standing import Board
from gateway.capture.watch import AccountWatch
from gateway.errors import DocketError
from gateway.mail.entry import MAIL_TYPES
from gateway.store import places
from tests.crash.house import Fuse, Place, PowerCut
from tests.scripted_imap import scripted_imap

ORDER = "302-1234567-7654321"


def mail(number, *, id_=None):
    return f"From: buyer@shop.example\r\nMessage-ID: <{id_ or number}@x>\r\nSubject: {ORDER}\r\n\r\n{number}\r\n".encode()


# Of two messages the bytes are the same; the third shares their Message-ID and nothing else.
MAILS = {1: mail(1), 4: mail(1), 9: mail(9, id_=1)}
PLACE = "shop/INBOX"


@pytest.fixture(scope="module")
def server():
    with scripted_imap(MAILS) as server:
        server._sizes = dict.fromkeys(MAILS, 10_000_000)  # heavy, it says: each in a batch of its own
        yield server


def watch(server, running):
    account = Account(name="shop", host="127.0.0.1", port=server.port, user="u", password="p", tls="none")
    return AccountWatch(
        lambda: open_session(account),
        running.gateway.accept,
        Record(running.archive, running.store),
        Board(),
        account="shop",
        mailbox="support@brand.example",
        wanted=(Wanted("INBOX"),),
        clock=running.clock,
    )


def capture(place, server, fuse):
    """Capture all there is, folding after each batch, until all is done or the power goes."""
    with place.open(fuse) as running:
        try:
            running.gateway.resume()
            running.settle()
            for _ in watch(server, running).once():
                running.settle()
            running.settle()
        except (PowerCut, DocketError):
            assert fuse.blown
        return fuse.names


def check(place):
    with place.open() as running:
        running.gateway.resume()
        running.settle()
        entries = list(running.archive.entries(0))
        mails = [entry for entry in entries if entry.type in MAIL_TYPES]
        assert Counter(entry.payload for entry in mails) == Counter(set(MAILS.values()))
        with running.store.read() as conn:
            found = places.messages_at(conn, PLACE, 7)
        assert {uid: running.archive.entry(seq).payload for uid, seq in found.items()} == MAILS
        assert Counter(entry.type for entry in entries)["sighting"] == 1
    assert place.verify().ok


def fresh(path):
    path.mkdir()
    place = Place(path)
    place.create()
    return place


def test_each_message_is_archived_once_wherever_the_power_goes(server, tmp_path):
    whole = fresh(tmp_path / "whole")
    names = capture(whole, server, Fuse())
    check(whole)
    assert {"keys commit", "archive commit", "store commit"} <= set(names)
    for nth in range(len(names)):
        for after in (False, True):
            place = fresh(tmp_path / f"{nth}-{after}")
            capture(place, server, Fuse(nth=nth, after=after))
            capture(place, server, Fuse())
            check(place)


def test_a_folder_with_another_uidvalidity_is_read_again_and_nothing_is_archived_twice(server, tmp_path):
    place = fresh(tmp_path / "reset")
    capture(place, server, Fuse())
    server.uidvalidity, before = 8, server.uidvalidity
    try:
        capture(place, server, Fuse())
        with place.open() as running:
            running.gateway.resume()
            running.settle()
            kinds = Counter(entry.type for entry in running.archive.entries(0))
            with running.store.read() as conn:
                assert set(places.messages_at(conn, PLACE, 8)) == set(MAILS)
                assert places.highest_uid(conn, PLACE, 7) == 9
        assert (kinds["mail.in"], kinds["sighting"]) == (2, 4)
    finally:
        server.uidvalidity = before
