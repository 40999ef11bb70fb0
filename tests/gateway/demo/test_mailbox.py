"""What a mail client asks of the demonstration's mailbox, asked of Dovecot and of our own small server alike."""

import socket
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from tests.mailboxes import PASSWORD, USER, mailbox_server

MAIL = (
    b"Received: from a by docket; Mon, 23 Nov 2026 09:30:00 +0000\r\nFrom: =?utf-8?q?Marie?= <x7k2@marketplace.amazon.com>\r\n"
    b'To: support@brand.example\r\nSubject: A "chipped" mug\r\nMessage-ID: <1@x.example>\r\nX-Docket-ID: 01ABC\r\n'
    b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
    b'--b\r\nContent-Type: image/png; name="mug.png"\r\nContent-Disposition: attachment; filename="mug.png"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n"
)
AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture(
    scope="module", params=[pytest.param("dovecot", marks=pytest.mark.needs("dovecot")), "demonstration"]
)
def server(request):
    with mailbox_server(dovecot=request.param == "dovecot") as box:
        assert box.kind == request.param
        yield box


@pytest.fixture
def client(server):
    client = IMAPClient(server.host, server.imap_port, ssl=False, timeout=10)
    client.normalise_times = False
    client.login(USER, PASSWORD)
    yield client
    client.logout()


@pytest.fixture
def folder(client, request):
    name = f"T{abs(hash(request.node.nodeid)) % 10**9}"
    client.create_folder(name)
    client.select_folder(name)
    return name


def test_a_wrong_password_is_refused(server):
    client = IMAPClient(server.host, server.imap_port, ssl=False, timeout=10)
    with pytest.raises(LoginError):
        client.login(USER, "wrong")
    client.shutdown()


def test_plain_authentication_and_folders(server):
    client = IMAPClient(server.host, server.imap_port, ssl=False, timeout=10)
    client.plain_login(USER, PASSWORD)
    names = {name: flags for flags, _, name in client.list_folders()}
    assert {"INBOX", "Sent", "Drafts", "Trash"} <= set(names)
    assert b"\\Sent" in names["Sent"]
    assert [name for _, _, name in client.list_folders("", "S%")] == ["Sent"]
    assert client.namespace()[0][0][1] == "/"
    client.logout()


def test_what_is_appended_is_read_back_unchanged(client, folder):
    client.append(folder, MAIL, ["amazon", "\\Flagged"], AT)
    client.noop()
    (uid,) = client.search("ALL")
    found = client.fetch(
        [uid], ["BODY.PEEK[]", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE"]
    )[uid]
    assert found[b"BODY[]"] == MAIL
    assert set(found[b"FLAGS"]) - {b"\\Recent"} == {b"amazon", b"\\Flagged"}
    assert found[b"INTERNALDATE"] == AT
    assert found[b"RFC822.SIZE"] == len(MAIL)
    envelope = found[b"ENVELOPE"]
    assert (envelope.subject, envelope.message_id) == (b'A "chipped" mug', b"<1@x.example>")
    assert (envelope.from_[0].mailbox, envelope.from_[0].host) == (b"x7k2", b"marketplace.amazon.com")
    parts, subtype = found[b"BODYSTRUCTURE"][:2]
    assert subtype.upper() == b"MIXED"
    assert [tuple(word.upper() for word in part[:2]) for part in parts] == [
        (b"TEXT", b"PLAIN"),
        (b"IMAGE", b"PNG"),
    ]
    assert [part[6] for part in parts] == [7, 12]


SECTIONS = [
    (
        "BODY.PEEK[HEADER.FIELDS (SUBJECT X-DOCKET-ID)]",
        b'Subject: A "chipped" mug\r\nX-Docket-ID: 01ABC\r\n\r\n',
    ),
    ("BODY.PEEK[1]", b"Gr\xc3\xbc\xc3\x9fe"),
    ("BODY.PEEK[2]", b"iVBORw0KGgo="),
    ("BODY.PEEK[TEXT]", MAIL.partition(b"\r\n\r\n")[2]),
    ("BODY.PEEK[HEADER]", MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"),
    ("BODY.PEEK[]<0.9>", b"Received:"),
]


@pytest.mark.parametrize("section, expected", SECTIONS, ids=[s[0] for s in SECTIONS])
def test_sections_of_a_message(client, folder, section, expected):
    client.append(folder, MAIL, (), AT)
    client.noop()
    uids = client.search("ALL")
    answer = client.fetch(uids, [section])[uids[0]]
    assert next(value for key, value in answer.items() if key.startswith(b"BODY")) == expected


def test_reading_sets_seen_and_peeking_does_not(client, folder):
    client.append(folder, MAIL, (), AT)
    client.noop()
    uids = client.search("ALL")
    client.fetch(uids, ["BODY.PEEK[]"])
    assert client.search("UNSEEN") == uids
    client.fetch(uids, ["BODY[]"])
    assert client.search("UNSEEN") == []


SEARCHES = [
    (["HEADER", "X-Docket-ID", "01ABC"], 1),
    (["HEADER", "X-Docket-ID", "02"], 0),
    (["SINCE", AT.date(), "FROM", "marketplace"], 1),
    (["BEFORE", AT.date()], 0),
    (["SUBJECT", "CHIPPED", "NOT", "KEYWORD", "ebay"], 1),
    (["OR", "SEEN", "UNSEEN"], 1),
    (["UID", "1:*"], 1),
    (["LARGER", 10_000], 0),
    (["KEYWORD", "amazon"], 1),
    (["TEXT", "mug.png"], 1),
]


@pytest.mark.parametrize("criteria, count", SEARCHES, ids=[str(s[0]) for s in SEARCHES])
def test_searches(client, folder, criteria, count):
    client.append(folder, MAIL, ["amazon"], AT)
    client.noop()
    assert len(client.search(criteria)) == count


def test_flags_are_added_replaced_and_removed_and_deleted_mail_goes(client, folder):
    for _ in range(3):
        client.append(folder, MAIL, (), AT)
    client.noop()
    first, second, third = client.search("ALL")
    client.add_flags([first, second], ["\\Seen", "claim"])
    client.remove_flags([first], ["\\Seen"])
    client.set_flags([third], ["\\Deleted"])
    flags = {
        uid: {one for one in found if one != b"\\Recent"}
        for uid, found in client.get_flags([1, 2, 3]).items()
    }
    assert flags == {first: {b"claim"}, second: {b"\\Seen", b"claim"}, third: {b"\\Deleted"}}
    client.expunge()
    assert client.search("ALL") == [first, second]
    client.copy([first], "Trash")
    assert client.folder_status(folder, ["MESSAGES", "UIDNEXT", "UNSEEN"]) == {
        b"MESSAGES": 2,
        b"UIDNEXT": 4,
        b"UNSEEN": 1,
    }


def test_read_only_folders_are_not_changed(client, folder):
    client.append(folder, MAIL, (), AT)
    client.select_folder(folder, readonly=True)
    with suppress(IMAPClientError):  # Dovecot says yes and does nothing
        client.add_flags([1], ["\\Seen"])
    client.fetch([1], ["BODY[]"])
    assert client.folder_status(folder, ["UNSEEN"]) == {b"UNSEEN": 1}


def test_idle_tells_of_new_mail(server, client, folder):
    client.idle()
    other = IMAPClient(server.host, server.imap_port, ssl=False, timeout=10)
    other.login(USER, PASSWORD)
    other.append(folder, MAIL, (), AT)
    heard = []
    while (1, b"EXISTS") not in heard:
        answers = client.idle_check(timeout=10)
        assert answers, "nothing was said in time"
        heard += answers
    client.idle_done()
    other.logout()


def test_a_missing_folder_is_a_plain_no(client):
    with pytest.raises(IMAPClientError):
        client.append("Nowhere", MAIL)
    with pytest.raises(IMAPClientError):
        client.select_folder("Nowhere")


BAD = [
    b"a1 LOGIN {99999999999999}\r\n",
    b"a1 LOGIN {5000}\r\n",
    b"a1 LOGIN (((((((((((((((((((((((\r\n",
    b'a1 LOGIN "x\r\n',
    b"a1 AUTHENTICATE PLAIN !!!\r\n",
    b"a1 FETCH 1 BODY[]\r\n",
    b"\r\n",
    b"a1 \xff\xfe\x00\r\n",
    b"a1 " + b"x" * 100_000 + b"\r\n",
]


@pytest.mark.parametrize("line", BAD, ids=[repr(b[:30]) for b in BAD])
def test_nonsense_before_login_is_answered_and_the_server_lives_on(line):
    with mailbox_server(dovecot=False) as box:
        with socket.create_connection((box.host, box.imap_port), timeout=5) as raw:
            raw.recv(1000)
            raw.sendall(line)
            answer = raw.recv(1000)
            assert any(word in answer for word in (b"BAD", b"NO", b"BYE"))
        client = IMAPClient(box.host, box.imap_port, ssl=False, timeout=10)
        client.login(USER, PASSWORD)
        client.logout()
