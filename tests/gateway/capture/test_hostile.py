"""IMAP servers that lie, stall, babble and hang up: mail that can be had is had, once, and the rest is named."""

from concurrent.futures import Future
from datetime import UTC, datetime

import pytest

from gateway.capture.fetch import fetch
from gateway.capture.folder import Source, open_folder, uids_of
from gateway.capture.folders import Wanted, find_folders
from gateway.capture.session import Account, Allowance, asking, open_session
from gateway.clock import FixedClock
from gateway.errors import Temporary
from gateway.receipt import Receipt
from tests.scripted_imap import scripted_imap

CLOCK = FixedClock(datetime(2026, 11, 23, tzinfo=UTC))
LIVE_FROM = datetime(2026, 11, 1, tzinfo=UTC)  # after all that the scripted server has
MAILS = {uid: f"Subject: {uid}\r\n\r\nmail {uid}\r\n".encode() for uid in range(1, 8)}


def session(server):
    return open_session(
        Account(
            name="shop", host="127.0.0.1", port=server.port, user="u", password="p", tls="none", timeout_s=5
        )
    )


class Taken(dict):
    """What was archived, by origin; ``live`` are those that were new mail."""

    def __init__(self):
        super().__init__()
        self.live = set()

    def __call__(self, raw, envelope):
        done: Future = Future()
        done.set_result(Receipt(seq=len(self), existing=raw in self.values(), reply="250"))
        self[envelope.origin] = raw
        if envelope.live:
            self.live.add(envelope.origin)
        return done

    @property
    def uids(self):
        return [int(origin.rpartition("/")[2]) for origin in self]


def rounds(server, taken, *, tries=12):
    """Fetch as the watch does: after each failure once more, from the mark, with what made trouble remembered."""
    mark, trouble, unread, failures = 1, {}, {}, []
    for _ in range(tries):
        try:
            with session(server) as client:
                opened = open_folder(client, Source(account="shop", folder="INBOX", live_from=LIVE_FROM))
                opened.trouble = trouble
                for step in fetch(client, opened, uids_of(client, opened, mark), taken, clock=CLOCK):
                    mark = step.next_uid
                    unread.update(step.unread)
        except Temporary as wrong:
            failures.append(str(wrong))
        else:
            return mark, unread, failures
    raise AssertionError(failures)


def test_the_scripted_server_is_an_honest_one_by_default():
    with scripted_imap(MAILS) as server:
        taken = Taken()
        assert rounds(server, taken) == (8, {}, [])
        assert list(taken.values()) == list(MAILS.values())


@pytest.mark.parametrize(
    "listed",
    [
        b"* SEARCH 1 2 3 4 5 6 7 4294967295\r\nTAG OK done\r\n",  # would put the mark behind all that is to come
        b"* SEARCH 7 6 5 5 4 3 2 1 0\r\nTAG OK done\r\n",
        b"* SEARCH 1 2 3 4 5 6 7 99999999999999999999999\r\nTAG OK done\r\n",
    ],
)
def test_uids_that_cannot_be_do_not_move_the_mark(listed):
    with scripted_imap(MAILS, script={r"^UID SEARCH UID 1:\*": listed}) as server:
        taken = Taken()
        mark, _, failures = rounds(server, taken)
        assert (taken.uids, mark, failures) == ([1, 2, 3, 4, 5, 6, 7], 8, [])


def test_a_listing_below_the_mark_fetches_nothing_again():
    script = {r"^UID SEARCH": b"* SEARCH 7\r\nTAG OK done\r\n"}
    with scripted_imap(MAILS, script=script) as server, session(server) as client:
        opened = open_folder(client, Source(account="shop", folder="INBOX"))
        assert uids_of(client, opened, 8) == []


def poison(*uids):
    """Break whatever fetches one of these messages with what ``breaks`` sends."""
    return rf"^UID FETCH (\d+,)*({'|'.join(map(str, uids))})[, ].*BODY"


@pytest.mark.parametrize(
    "sent",
    [
        b"",  # hangs up
        b"* 1 FETCH (UID 4 BODY[] {500}\r\nhalf a mess",  # hangs up inside a literal
        b"* 1 FETCH (UID 4 BODY[] {99999999999999}\r\n" + b"x" * 100_000,  # more than it ever sends
        b"* 1 FETCH (UID 4 BODY[] {-5}\r\nTAG OK done\r\n",
        b"* 1 FETCH ((((((\r\nTAG OK done\r\n",
        b"* 1 FETCH (UID four BODY[] {2}\r\nhi)\r\nTAG OK done\r\n",
        b"TAG BAD no such thing\r\n",
        b"TAG NO [SERVERBUG] oh\r\n",
        b"\xff\xfe\x00\x00\r\nTAG OK done\r\n",
    ],
)
def test_one_message_that_breaks_the_conversation_does_not_stop_the_others(sent):
    with scripted_imap(MAILS, script={poison(4): sent}) as server:
        taken = Taken()
        mark, unread, failures = rounds(server, taken)
        assert sorted(set(taken.uids)) == [1, 2, 3, 5, 6, 7]
        assert mark == 8
        assert list(unread) == [4]
        assert len(failures) <= 3


@pytest.mark.parametrize(
    "what", [b'INTERNALDATE "99-Foo-0000 00:00:00 +9999"', b"INTERNALDATE ((", b"FLAGS ((("]
)
def test_a_date_or_flags_that_nobody_can_read_cost_themselves_and_not_the_message(what):
    bad = b"* 1 FETCH (UID 4 " + what + b" BODY[] {%d}\r\n%s)\r\nTAG OK done\r\n" % (len(MAILS[4]), MAILS[4])
    with scripted_imap(MAILS, script={rf"{poison(4)}.*INTERNALDATE": bad}) as server:
        taken = Taken()
        mark, unread, _ = rounds(server, taken)
        assert (mark, unread) == (8, {})
        assert taken["shop/INBOX/7/4"] == MAILS[4]
        # The agents get it: nobody can say that it is old. The others are, by their dates.
        assert taken.live == {"shop/INBOX/7/4"}


def test_a_message_that_is_listed_and_not_given_is_named_and_one_that_is_gone_is_not():
    mails = {**MAILS}
    with scripted_imap(
        mails, script={poison(3): b"TAG OK nothing\r\n", poison(5): b"TAG OK done\r\n"}
    ) as server:

        def gone(server, _connection, _command):
            server.messages.pop(5, None)
            return b"TAG OK nothing\r\n"

        server.script[poison(5)] = gone
        taken = Taken()
        mark, unread, failures = rounds(server, taken)
        assert (sorted(taken.uids), mark, failures) == ([1, 2, 4, 6, 7], 8, [])
        assert unread == {3: "is listed by the server but not given out"}


@pytest.mark.parametrize(
    "said", [b"NO [UNAVAILABLE] later", b"NO Throttled", b"BAD Request is throttled. Backing off 30 s"]
)
def test_a_server_that_puts_us_off_for_long_costs_no_message(said):
    times = iter(range(8))

    def later(server, _connection, command):
        return (
            server.honest(command) + b"TAG OK done\r\n"
            if next(times, None) is None
            else b"TAG " + said + b"\r\n"
        )

    with scripted_imap(MAILS, script={r"^UID FETCH.*BODY": later}) as server:
        taken = Taken()
        mark, unread, failures = rounds(server, taken)
        assert (sorted(taken.uids), mark, unread) == ([1, 2, 3, 4, 5, 6, 7], 8, {})
        assert len(failures) == 8


def test_one_that_is_put_off_for_ever_does_not_stop_the_others():
    with scripted_imap(MAILS, script={poison(4): b"TAG NO [UNAVAILABLE] later\r\n"}) as server:
        taken = Taken()
        mark, unread, _ = rounds(server, taken, tries=40)
        assert (sorted(taken.uids), mark, list(unread)) == ([1, 2, 3, 5, 6, 7], 8, [4])


def test_an_answer_about_other_messages_is_left_alone():
    other = b"* 9 FETCH (UID 900 BODY[] {2}\r\nno)\r\n* 1 FETCH (FLAGS (\\Seen))\r\n"

    def also(server, _connection, command):
        return other + server.honest(command) + b"TAG OK done\r\n"

    with scripted_imap(MAILS, script={r"^UID FETCH": also}) as server:
        taken = Taken()
        assert rounds(server, taken)[0] == 8
        assert sorted(taken.values()) == sorted(MAILS.values())


def test_a_size_that_lies_is_believed_for_no_more_than_the_grouping():
    with scripted_imap(MAILS) as server:
        server._sizes = {2: 1, 5: 100_000_000}
        taken = Taken()
        assert rounds(server, taken) == (8, {}, [])
        assert sorted(taken.values()) == sorted(MAILS.values())


def test_a_message_that_is_said_to_be_huge_is_named_and_not_asked_for():
    with scripted_imap(MAILS) as server:
        server._sizes = {2: 4_000_000_000}
        taken = Taken()
        mark, unread, _ = rounds(server, taken)
        assert (mark, list(unread)) == (8, [2])
        assert "4000000000 bytes" in unread[2]
        assert not any(command.startswith("UID FETCH 2 (BODY") for command in server.commands)


def endless(_server, connection, _command):
    while True:
        connection.sendall(b"* OK and another thing\r\n" * 10_000)


def test_a_server_that_never_comes_to_an_end_is_left():
    with (
        scripted_imap(MAILS, script={"^NOOP": endless}) as server,
        session(server) as client,
        pytest.raises(Temporary, match="more than 1000000 bytes"),
        asking(client, "waiting", most=1_000_000),
    ):
        client.noop()


def test_a_server_that_takes_too_long_is_left():
    with (
        scripted_imap(MAILS, script={"^NOOP": endless}) as server,
        session(server) as client,
    ):
        Allowance(client, seconds=0.2)
        with pytest.raises(Temporary, match="takes longer than"), asking(client, "waiting", most=1 << 40):
            client.noop()


@pytest.mark.parametrize(
    "said",
    [
        b"TAG NO [AUTHENTICATIONFAILED] no\r\n",
        b"TAG OK [READ-ONLY] but nothing else\r\n",
        b"* OK [UIDVALIDITY seven]\r\nTAG OK done\r\n",
        b"* 1 EXISTS\r\n* BYE out of memory\r\n",
    ],
)
def test_a_folder_that_cannot_be_opened_is_said_to_be_so(said):
    with (
        scripted_imap(MAILS, script={"^EXAMINE": said}) as server,
        session(server) as client,
        pytest.raises(Temporary, match="the folder INBOX of shop cannot be opened"),
    ):
        open_folder(client, Source(account="shop", folder="INBOX"))


def test_folders_are_found_by_name_and_by_mark_and_the_others_are_named():
    said = b'* LIST (\\Noselect) "/" "[Mail]"\r\n* LIST (\\Sent) "/" "&AOk-t&AOk-"\r\n* LIST () "/" inbox\r\nTAG OK done\r\n'
    with scripted_imap({}, script={"^LIST": said}) as server, session(server) as client:
        wanted = Wanted("INBOX"), Wanted("\\sent", sent=True), Wanted("\\Junk"), Wanted("[Mail]")
        found, missing = find_folders(client, wanted)
    assert [(name, one.sent) for name, one in found.items()] == [("inbox", False), ("été", True)]
    assert missing == [
        "no folder is marked \\Junk; there are: inbox, été",
        "there is no folder [Mail]; there are: inbox, été",
    ]


@pytest.mark.parametrize(
    "name",
    [
        b'"&&&"',
        b'"&2AA-"',
        b"{5}\r\nab\r\nc",
        b'"x\x01"',
        b'("x")',
        b"NIL",
        b'"\xff\xfe"',
        b'"&AOk"',
        b'"a\\"b"',
        b"12",
    ],
)
def test_a_folder_with_an_impossible_name_costs_itself(name):
    said = b'* LIST () "/" INBOX\r\n* LIST () "/" ' + name + b'\r\n* LIST () "/" Orders\r\nTAG OK done\r\n'
    with scripted_imap({}, script={"^LIST": said}) as server, session(server) as client:
        found, missing = find_folders(client, (Wanted("INBOX"), Wanted("Orders"), Wanted("Spam")))
        assert list(found) == ["INBOX", "Orders"]
        assert missing[0].startswith("there is no folder Spam; there are: ")
        assert missing[0].isprintable()
        open_folder(client, Source(account="shop", folder="été"))
    assert 'EXAMINE "&AOk-t&AOk-"' in server.commands


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("^CAPABILITY", b"* CAPABILITY IMAP4rev1 \xff\xfe\r\nTAG OK done\r\n"),
        ("^CAPABILITY", b"TAG OK done\r\n"),
        ("^LOGIN", b"* \xff {x}\r\nTAG \xff\r\n"),
        ("^LIST", b"* LIST (\r\nTAG OK done\r\n"),
        (
            r"^UID FETCH.*BODY",
            b'* 1 FETCH (UID 1 INTERNALDATE "'
            + b"9" * 30
            + b'-Mar-2026 12:30:00 +0000" BODY[] {1}\r\nx)\r\nTAG OK done\r\n',
        ),
    ],
)
def test_what_makes_no_sense_is_told_in_words(command, said):
    def capture(server):
        with session(server) as client:
            find_folders(client, (Wanted("INBOX"),))
            opened = open_folder(client, Source(account="shop", folder="INBOX"))
            list(fetch(client, opened, uids_of(client, opened), Taken(), clock=CLOCK))

    with scripted_imap(MAILS, script={command: said}) as server, pytest.raises(Temporary) as told:
        capture(server)
    assert str(told.value).isprintable()
