"""What agents do, seen through a real Dovecot: whatever the way a command is written, its deed is told, of the right messages."""

import contextlib

import pytest
from imapclient import IMAPClient

from tests.gateway.imap_proxy.test_passage import Link
from tests.imap_front import imap_front
from tests.mailboxes import PASSWORD, USER, mailbox_server

pytestmark = pytest.mark.needs("dovecot")


@pytest.fixture(scope="module")
def box():
    with mailbox_server(dovecot=True) as box:
        yield box


@pytest.fixture
def session(box, request):
    """A client's link through us, in a folder of five messages of which the second is gone: UIDs 1, 3, 4, 5."""
    folder = f"T{abs(hash(request.node.name))}"
    with IMAPClient(box.host, box.imap_port, ssl=False) as client:
        client.login(USER, PASSWORD)
        client.create_folder(folder)
        client.create_folder(f"{folder}/to")
        for number in range(1, 6):
            stamp = f"X-Docket-ID: 01J0000000000000000000000{number}; seq={number * 10}\r\n"
            client.append(folder, f"{stamp}Message-ID: <{number}@x>\r\n\r\ntext {number}\r\n".encode())
        client.select_folder(folder)
        client.delete_messages([2])
        client.expunge([2])
    deeds = []
    with imap_front(box, deeds) as front:
        link = Link(front)
        link.folder = folder.encode()
        assert b"OK" in link.ask(b"s SELECT " + link.folder)
        yield link, deeds
        link.close()


def uids(deeds, did):
    return [deed.uids for deed in deeds if deed.did == did]


WAYS = [
    (b"STORE 2 +FLAGS (\\Seen)", "flagged", (3,)),
    (b"store 2:3 -flags.silent \\Flagged", "flagged", (3, 4)),
    (b"STORE 2,* FLAGS ()", "flagged", (3, 5)),
    (b"UID STORE 4 +FLAGS (Claim)", "flagged", (4,)),
    (b"UID STORE 2:4 +FLAGS (Claim)", "flagged", (3, 4)),
    (b"uid store 1:* +FLAGS.SILENT (Claim)", "flagged", (1, 3, 4, 5)),
    (b"UID STORE * +FLAGS (Claim)", "flagged", (5,)),
    (b"COPY 1 {3+}\r\n%to", "copied", (1,)),
    (b"UID COPY 1,3 %to", "copied", (1, 3)),
    (b"MOVE 1,4 %to", "moved", (1, 5)),
    (b'UID MOVE 3:9 "%to"', "moved", (3, 4, 5)),
    (b"FETCH 3 (BODY[])", "opened", (4,)),
    (b"UID FETCH 3:4 (FLAGS BODY.PEEK[TEXT])", "opened", (3, 4)),
    (b"fetch 1:* rfc822.text", "opened", (1, 3, 4, 5)),
]


@pytest.mark.parametrize("command, did, expected", WAYS)
def test_a_deed_is_told_of_the_messages_it_was_done_to(session, command, did, expected):
    link, deeds = session
    to = link.folder + b"/to"
    if b"{3+}" in command:
        command = command.replace(b"{3+}\r\n%to", b"{%d+}\r\n" % len(to) + to)
    assert b"a OK" in link.ask(b"a " + command.replace(b"%to", to))
    assert b"b OK" in link.ask(b"b NOOP")
    assert uids(deeds, did) == [expected]
    deed = next(deed for deed in deeds if deed.did == did)
    assert [(uid, seq) for uid, _, seq in deed.ids] == [(uid, uid * 10) for uid in expected]
    assert deed.folder == link.folder.decode()
    assert deed.uidvalidity > 0
    if did in {"copied", "moved"}:
        assert deed.to == (to.decode(),)
        assert len(deed.to_uids) == len(expected)


def test_what_a_search_found_is_named_by_a_dollar(session):
    link, deeds = session
    assert b"a OK" in link.ask(b"a UID SEARCH RETURN (SAVE) UID 3:4")
    assert b"b OK" in link.ask(b"b UID STORE $ +FLAGS (Claim)")
    assert uids(deeds, "flagged") == [(3, 4)]


@pytest.mark.parametrize("last", [b"EXPUNGE", b"CLOSE", b"UID EXPUNGE 1:*"])
def test_what_is_removed_is_told_by_whatever_command(session, last):
    link, deeds = session
    link.ask(b"a STORE 1,3 +FLAGS.SILENT (\\Deleted)")
    assert b"b OK" in link.ask(b"b " + last)
    assert uids(deeds, "expunged") == [(1, 4)]
    assert [seq for _, _, seq in deeds[-1].ids] == [10, 40]


def test_nothing_is_removed_by_closing_a_folder_that_was_only_looked_at(session):
    link, deeds = session
    link.ask(b"a STORE 1 +FLAGS.SILENT (\\Deleted)")
    link.ask(b"b EXAMINE " + link.folder)
    link.ask(b"c CLOSE")
    assert uids(deeds, "expunged") == []


def test_a_message_that_is_put_in_is_told_with_its_hash_and_where_it_lies(session):
    link, deeds = session
    mail = b"Subject: copy\r\nMessage-ID:\r\n <mine@x>\r\n\r\nsent\r\n"
    link.socket.sendall(b"a APPEND %s (\\Seen) {%d+}\r\n" % (link.folder, len(mail)) + mail + b"\r\n")
    assert b"a OK" in link.until(b"a ")
    (deed,) = [deed for deed in deeds if deed.did == "added"]
    assert (deed.message_id, deed.size_bytes, deed.to_uids) == ("mine@x", len(mail), (6,))
    assert deed.to == (link.folder.decode(),)


def test_folders_made_renamed_and_deleted_are_told(session):
    link, deeds = session
    name = link.folder + b"-new"
    for number, command in enumerate(
        (b"CREATE " + name, b"RENAME " + name + b" " + name + b"2", b"DELETE " + name + b"2")
    ):
        assert b" OK " in link.ask(b"a%d " % number + command)
    assert [deed.what.split()[0] for deed in deeds if deed.did == "folder"] == ["CREATE", "RENAME", "DELETE"]


def test_a_command_that_nobody_knows_is_told_as_it_stands(session):
    link, deeds = session
    link.ask(b"a XDELETEALL 1:* NOW")
    assert [(deed.did, deed.what, deed.said[:3]) for deed in deeds] == [
        ("command", "XDELETEALL 1:* NOW", "BAD")
    ]


def test_commands_sent_all_at_once_are_told_in_their_order(session):
    link, deeds = session
    link.socket.sendall(
        b"a STORE 2 +FLAGS (\\Deleted)\r\nb EXPUNGE\r\nc STORE 2 +FLAGS (\\Seen)\r\nd SELECT INBOX\r\ne CREATE %sx\r\n"
        % link.folder
    )
    assert b"e OK" in link.until(b"e ")
    assert [(deed.did, deed.uids) for deed in deeds] == [
        ("flagged", (3,)),
        ("expunged", (3,)),
        ("flagged", (4,)),
        ("folder", ()),
    ]


def test_a_client_that_goes_away_before_the_answer_leaves_no_deed_untold(box):
    deeds = []
    with imap_front(box, deeds) as front, contextlib.closing(Link(front)) as link:
        link.ask(b"s SELECT INBOX")
        link.socket.sendall(b"".join(b"a%d CREATE Left%d\r\n" % (one, one) for one in range(50)))
    with IMAPClient(box.host, box.imap_port, ssl=False) as client:
        client.login(USER, PASSWORD)
        made = {name for _, _, name in client.list_folders(pattern="Left*")}
    assert made <= {deed.to[0] for deed in deeds}


def test_nothing_of_our_questions_reaches_the_client(session):
    link, _ = session
    said = link.ask(b"a STORE 2 +FLAGS (\\Seen)") + link.ask(b"b EXPUNGE") + link.ask(b"c CLOSE")
    assert b"UID" not in said
    assert b"X-DOCKET" not in said.upper()
    assert b"docket-" not in said
    assert b"SEARCH" not in said


def test_our_questions_never_shift_the_numbers_that_a_client_goes_by(box, session):
    """Another program removes the first message; until this client hears of it, its numbers mean what they meant."""
    link, deeds = session
    link.ask(
        b"a FETCH 1:2 (BODY.PEEK[])"
    )  # something to be told of before the next command that may be asked about
    with IMAPClient(box.host, box.imap_port, ssl=False) as other:
        other.login(USER, PASSWORD)
        other.select_folder(link.folder.decode())
        other.delete_messages([1])
        other.expunge([1])
    said = link.ask(b"b STORE 3 +FLAGS (Claim)")
    assert b"EXPUNGE" not in said
    assert uids(deeds, "flagged") == [(4,)]
    assert b"c OK" in link.ask(b"c NOOP")
    assert uids(deeds, "opened") == [(1, 3)]
    found = link.ask(b"d UID SEARCH KEYWORD Claim")
    assert b"* SEARCH 4\r\n" in found


def test_an_atom_may_end_in_a_brace(session):
    link, _ = session
    assert b"a OK" in link.ask(b"a CREATE %s}" % link.folder)
    assert b"b OK" in link.ask(b"b DELETE %s}" % link.folder)
