"""Views on a real Dovecot: what wants attention stands in folders and keywords, and goes when it does not any more."""

import shutil
import tempfile
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from imapclient import IMAPClient

from gateway.demo.dovecot import Dovecot
from gateway.views.copies import Copies
from gateway.views.keywords import keep_keywords
from gateway.views.source import Source
from gateway.views.virtual import write_views
from gateway.views.wanted import CLAIMS, NEEDS_REPLY, OVERDUE
from tests.installation import free_ports

pytestmark = pytest.mark.needs("dovecot")

SINCE = date(2020, 1, 1)
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
IDS = {f"01ARZ3NDEKTSV4RRFFQ69G5F{n:02}": n for n in range(6)}
EMPTY = {NEEDS_REPLY: frozenset(), OVERDUE: frozenset(), CLAIMS: frozenset()}

_NUMBERS = iter(range(20))  # an account for each test


def mail(number: int) -> bytes:
    id_ = next(one for one, n in IDS.items() if n == number)
    head = f"X-Docket-ID: {id_}; seq={number}\r\nFrom: b@x.example\r\nSubject: order {number}\r\n"
    return f"{head}Message-ID: <m{number}@x.example>\r\n\r\nHello {number}\r\n".encode()


@pytest.fixture(scope="module")
def server():
    folder = Path(tempfile.mkdtemp(prefix="docket-views-"))  # its own users must be able to enter
    views = folder / "views"
    views.mkdir()
    ports = list(free_ports().values())
    more = (
        "protocol imap {\n  mail_plugins = virtual\n}\nnamespace views {\n  prefix = Views/\n  separator = /\n"
        f"  location = virtual:{views}:INDEX={folder}/state/virtual/%u\n}}"
    )
    made = Dovecot(
        folder, {f"user{n}": "word" for n in range(20)}, imap_port=ports[0], lmtp_port=ports[1], more=more
    )
    made.start()
    shutil.chown(folder / "state", *_owner(folder))
    yield made, views
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _owner(folder):
    stat = (folder / "mail").stat()
    return stat.st_uid, stat.st_gid


@pytest.fixture
def account(server):
    """A fresh account with six messages; returns what logs in to it."""
    made, _ = server
    user = f"user{next(_NUMBERS)}"

    @contextmanager
    def log_in():
        with IMAPClient("127.0.0.1", made.imap_port, ssl=False) as client:
            client.login(user, "word")
            client.normalise_times = False
            yield client

    with log_in() as client:
        for number in range(6):
            client.append("INBOX", mail(number), (), AT)
    return log_in


def seen(client, folder):
    client.select_folder(folder, readonly=True)
    uids = client.search("ALL")
    told = client.fetch(uids, ["FLAGS", "BODY.PEEK[HEADER.FIELDS (SUBJECT)]"]) if uids else {}
    return {
        int(one[b"BODY[HEADER.FIELDS (SUBJECT)]"].split()[-1]): {
            flag.decode() for flag in one[b"FLAGS"] if flag != b"\\Recent"
        }
        for one in told.values()
    }


def folders(client):
    return {name for _, _, name in client.list_folders(pattern="Docket*")}


def keep(client, copies, wanted, source=None, **how):
    source = source or Source("INBOX", lambda _: None)
    source.look(client, SINCE, IDS)
    copies.keep(client, source, {**EMPTY, **wanted}, **how)
    return source


def test_copies_come_and_go_and_originals_stay(account):
    with account() as client:
        copies = Copies("Docket")
        wanted = {NEEDS_REPLY: frozenset({1, 2}), ("Orders", "302-1"): frozenset({1, 4})}
        source = keep(client, copies, wanted)
        assert set(seen(client, "Docket/Needs reply")) == {1, 2}
        assert set(seen(client, "Docket/Orders/302-1")) == {1, 4}
        assert seen(client, "Docket/Overdue") == {}
        keep(client, copies, {NEEDS_REPLY: frozenset({2})}, source)
        assert set(seen(client, "Docket/Needs reply")) == {2}
        assert "Docket/Orders/302-1" not in folders(client)
        assert len(seen(client, "INBOX")) == 6


def test_a_new_process_knows_its_copies_again_and_makes_none_twice(account):
    with account() as client:
        wanted = {NEEDS_REPLY: frozenset({1, 2})}
        keep(client, Copies("Docket"), wanted)
        keep(client, Copies("Docket"), wanted)
        client.select_folder("Docket/Needs reply")
        assert len(client.search("ALL")) == 2
        keep(client, Copies("Docket"), {})
        assert seen(client, "Docket/Needs reply") == {}


def test_what_agents_do_to_a_copy_is_done_to_the_message_and_back(account):
    with account() as client:
        copies, wanted = Copies("Docket"), {NEEDS_REPLY: frozenset({1}), ("Orders", "302-1"): frozenset({1})}
        source = keep(client, copies, wanted)
        client.select_folder("Docket/Needs reply")
        client.add_flags(client.search("ALL"), ["\\Seen", "\\Answered"])
        keep(client, copies, wanted, source, thorough=True)
        assert {"\\Seen", "\\Answered"} <= seen(client, "INBOX")[1]
        assert {"\\Seen", "\\Answered"} <= seen(client, "Docket/Orders/302-1")[1]
        client.select_folder("INBOX")
        client.remove_flags([source.uids[1]], ["\\Seen"])
        keep(client, copies, wanted, source, thorough=True)
        assert "\\Seen" not in seen(client, "Docket/Needs reply")[1]
        assert "\\Answered" in seen(client, "Docket/Needs reply")[1]


def test_what_somebody_else_put_there_is_never_taken_away(account):
    with account() as client:
        copies = Copies("Docket")
        source = keep(client, copies, {("Orders", "302-1"): frozenset({1})})
        client.append("Docket/Orders/302-1", b"Subject: order 99\r\n\r\nmine\r\n")
        client.append("Docket/Needs reply", b"Subject: order 98\r\n\r\nmine\r\n", ["\\Deleted"])
        keep(client, copies, {}, source)
        assert set(seen(client, "Docket/Orders/302-1")) == {99}
        assert set(seen(client, "Docket/Needs reply")) == {98}


def test_a_message_that_was_moved_away_is_not_looked_for(account):
    with account() as client:
        copies = Copies("Docket")
        source = keep(client, copies, {NEEDS_REPLY: frozenset({1, 2})})
        client.select_folder("INBOX")
        client.delete_messages([source.uids[1]])
        client.expunge()
        keep(client, copies, {NEEDS_REPLY: frozenset({1, 2, 3, 77})}, source)
        assert set(seen(client, "Docket/Needs reply")) == {1, 2, 3}
        keep(client, copies, {NEEDS_REPLY: frozenset({2, 3})}, source)
        assert set(seen(client, "Docket/Needs reply")) == {2, 3}


def test_what_mail_says_never_names_another_folder(account):
    with account() as client:
        keep(client, Copies("Docket"), {("Orders", "../INBOX/%*\r\n\x00"): frozenset({1})})
        (name,) = folders(client) - {
            "Docket",
            "Docket/Needs reply",
            "Docket/Overdue",
            "Docket/Claims",
            "Docket/Orders",
        }
        assert name == "Docket/Orders/---INBOX------"
        assert len(seen(client, "INBOX")) == 6


def test_a_forged_id_in_a_captured_folder_is_nobodys(account):
    with account() as client:
        source = Source("INBOX", lambda _: {3: 40})
        source.look(client, SINCE, IDS)
        assert source.uids == {40: 3}


def test_keywords_follow_tags_and_clocks_and_others_are_left_alone(account):
    with account() as client:
        source = Source("INBOX", lambda _: None)
        source.look(client, SINCE, IDS)
        client.select_folder("INBOX")
        client.add_flags([source.uids[1]], ["refund", "$label1"])
        wanted = {1: frozenset({"overdue", "needs-reply"}), 2: frozenset()}
        assert keep_keywords(client, source, wanted) == 1
        assert seen(client, "INBOX")[1] == {"overdue", "needs-reply", "$label1"}
        assert keep_keywords(client, source, wanted) == 0


def test_a_dovecot_of_ones_own_shows_views_without_copies(account, server):
    _, place = server
    with account() as client:
        source = Source("INBOX", lambda _: None)
        source.look(client, SINCE, IDS)
        wanted = {**EMPTY, NEEDS_REPLY: frozenset({1, 2}), ("Orders", "302-1"): frozenset({4})}
        write_views(place, source, wanted)
        assert set(seen(client, "Views/Needs reply")) == {1, 2}
        assert set(seen(client, "Views/Orders/302-1")) == {4}
        assert seen(client, "Views/Overdue") == {}
        client.select_folder("Views/Needs reply")
        client.add_flags(client.search("ALL"), ["\\Seen"])
        client.close_folder()
        assert "\\Seen" in seen(client, "INBOX")[1]
        write_views(place, source, {**EMPTY, NEEDS_REPLY: frozenset({2, 3})})
    with account() as client:
        assert set(seen(client, "Views/Needs reply")) == {2, 3}
        assert not client.folder_exists("Views/Orders/302-1")
