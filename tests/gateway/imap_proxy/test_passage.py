"""Sessions passed on to a real Dovecot: the same for clients, and nothing carried out that could not be seen."""

import contextlib
import imaplib
import re
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imapclient import IMAPClient

from tests.imap_front import imap_front
from tests.mailboxes import PASSWORD, USER, mailbox_server

pytestmark = pytest.mark.needs("dovecot")

MAILS = [
    b"Subject: one\r\nMessage-ID: <1@x>\r\n\r\nfirst\r\n",
    b"Subject: two\r\n\r\na OK {3}\r\n)\r\n",
    b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n" * 3000,
]


@pytest.fixture(scope="module")
def box():
    with mailbox_server(dovecot=True) as box:
        with IMAPClient(box.host, box.imap_port, ssl=False) as client:
            client.login(USER, PASSWORD)
            client.enable(
                "CONDSTORE"
            )  # what a folder tells of itself changes with the first who asks for this
            client.create_folder("Archive")
            client.select_folder("Archive")
            for mail in MAILS:
                client.append("Archive", mail)
            client.select_folder("Archive")  # from here on no mail is \Recent to anybody else
        yield box


@pytest.fixture(scope="module")
def front(box):
    with imap_front(box) as address:
        yield address


class Link:
    """A client that sends exactly what it is told, and reads until a line begins as it expects."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=20)
        self.file = self.socket.makefile("rb")
        self.greeting = self.file.readline()

    def until(self, *beginnings):
        seen = b""
        while True:
            line = self.file.readline()
            seen += line
            if not line or line.startswith(beginnings):
                return seen

    def ask(self, line):
        self.socket.sendall(line + b"\r\n")
        return self.until(line.split(b" ")[0] + b" ")

    def close(self):
        self.file.close()
        self.socket.close()


@contextlib.contextmanager
def link_to(front):
    with contextlib.closing(Link(front)) as link:
        yield link


@contextlib.contextmanager
def direct_link(box):
    with link_to((box.host, box.imap_port)) as link:
        link.ask(f'in LOGIN "{USER}" "{PASSWORD}"'.encode())
        yield link


def test_imaplib_works_as_it_does_directly(front):
    client = imaplib.IMAP4(*front)
    assert client.state == "AUTH"
    client.create("Work")
    assert client.append("Work", "", None, MAILS[0])[0] == "OK"
    assert client.select("Work") == ("OK", [b"1"])
    assert client.fetch("1", "(BODY.PEEK[])")[1][0][1] == MAILS[0]
    assert client.store("1", "+FLAGS", "\\Deleted")[0] == "OK"
    assert client.expunge() == ("OK", [b"1"])
    assert client.search(None, "ALL") == ("OK", [b""])
    assert client.delete("Work")[0] == "OK"
    assert client.logout()[0] == "BYE"


def test_imapclient_idles_while_mail_comes(front):
    with IMAPClient(*front, ssl=False) as client, IMAPClient(*front, ssl=False) as other:
        client.create_folder("Idle")
        client.select_folder("Idle")
        client.idle()
        other.append("Idle", MAILS[1], flags=["\\Flagged"])
        told = []
        while (1, b"EXISTS") not in told:
            told += client.idle_check(timeout=20)
        client.idle_done()
        assert client.fetch([1], ["BODY.PEEK[]"])[1][b"BODY[]"] == MAILS[1]
        client.unselect_folder()
        client.delete_folder("Idle")


def test_no_command_is_hidden_in_what_is_not_a_literal(box, front):
    hidden = b"x UID STORE 1 +FLAGS (\\Deleted)\r\n"
    smuggled = b"b XFOO {%d+}\r\n%s\r\nc UID FETCH 1 FLAGS\r\n" % (len(hidden), hidden)
    with link_to(front) as link:
        link.ask(b"a SELECT Archive")
        link.socket.sendall(smuggled)
        seen = link.until(b"c ")
        assert b"b BAD" in seen
        assert b"Deleted" not in seen
    # The threat is real: the server itself carries it out.
    with direct_link(box) as link:
        link.ask(b"a SELECT Archive")
        link.socket.sendall(smuggled)
        assert b"Deleted" in link.until(b"c ")
        link.ask(b"d UID STORE 1 -FLAGS (\\Deleted)")


def test_a_client_whose_literal_is_refused_goes_on(front):
    with link_to(front) as link:
        assert b"a NO [TRYCREATE]" in link.ask(b"a APPEND Nowhere {5}")
        link.socket.sendall(b"b APPEND Nowhere {5+}\r\nhello {3+}\r\nabc\r\n")
        assert b"b NO [TRYCREATE]" in link.until(b"b ")
        assert b"c OK" in link.ask(b"c NOOP")


WITHHELD = [
    b"COMPRESS DEFLATE",
    b"compress deflate",
    b"STARTTLS",
    b"NOTIFY NONE",
    b"AUTHENTICATE PLAIN",
    b"LOGIN {4+}\r\nname {3+}\r\nabc",
]


@pytest.mark.parametrize("command", WITHHELD, ids=bytes.decode)
def test_what_would_hide_the_session_is_an_unknown_command(front, command):
    with link_to(front) as link:
        assert b"a BAD" in link.ask(b"a " + command)
        assert b"b OK" in link.ask(b"b NOOP")


ENDED = {
    "no command": b"a\r\n",
    "two spaces": b"a  COMPRESS DEFLATE\r\n",
    "a tag like a continuation": b"+ NOOP\r\n",
    "a tag like an untagged response": b"* NOOP\r\n",
    "a literal for a tag": b"{1+}\r\na NOOP\r\n",
    "a tag that is in use": b"a IDLE\r\nDONE\r\nb SELECT Archive\r\nb APPEND Archive {1+}\r\n",
    "a command while idle": b"a IDLE\r\nb NOOP\r\n",
    "a carriage return": b"a NOOP\rb DELETE Archive\r\n",
    "a NUL": b"a NOOP\0\r\n",
}


@pytest.mark.parametrize("case", ENDED)
def test_what_servers_may_read_in_two_ways_ends_the_session(box, front, case):
    with link_to(front) as link:
        link.socket.sendall(ENDED[case])
        assert link.until(b"* BYE").splitlines()[-1].startswith(b"* BYE ")
        assert link.file.read() == b""
    with direct_link(box) as link:
        assert b"MESSAGES 3" in link.ask(b"s STATUS Archive (MESSAGES)")


# Each is what a client sends, in the parts between which it waits for the server.
COMMANDS = [
    [b"NOOP\r\n"],
    [b"noop\n"],
    [b"CHECK\r\n"],
    [b"FETCH 1:* (FLAGS UID BODY.PEEK[])\r\n"],
    [b"UID FETCH 1:* (ENVELOPE BODYSTRUCTURE INTERNALDATE)\r\n"],
    [b"FETCH 2 BODY.PEEK[]<0.9>\r\n"],
    [b"SEARCH SUBJECT {3}\r\n", b"two\r\n"],
    [b"SEARCH SUBJECT {3+}\r\ntwo OR FROM {1+}\r\nx BODY {0+}\r\n\r\n"],
    [b"UID SEARCH RETURN (ALL COUNT) {3}\r\n", b"ALL\r\n"],
    [b'LIST "" {1+}\r\n*\r\n'],
    [b"STATUS {7+}\r\nArchive (MESSAGES UIDNEXT)\r\n"],
    [b"EXAMINE {7}\r\n", b"Nowhere\r\n"],
    [b"FETCH 99 FLAGS\r\n"],
    [b"XFOO bar\r\n"],
    [b"ENABLE CONDSTORE\r\n"],
    [b"IDLE\r\n", b"DONE\r\n"],
    [b"SORT (SUBJECT) UTF-8 ALL\r\n"],
    [b"THREAD REFERENCES UTF-8 ALL\r\n"],
]
# What differs from one session to the next with nobody between: how long it took, and whether a folder seems to have news.
PASSING = re.compile(rb" \(\d+\.\d+ \+ [^)]*secs\)| \\(?:Un)?Marked")


def played(link, commands, cuts):
    """Everything the server says to the commands, each part sent in two pieces."""
    said = link.ask(b"z EXAMINE Archive")
    for number, parts in enumerate(commands):
        tag = b"t%d " % number
        for place, part in enumerate(parts):
            sent = tag * (place == 0) + part
            cut = cuts[(number + place) % len(cuts)] % (len(sent) + 1)
            link.socket.sendall(sent[:cut])
            link.socket.sendall(sent[cut:])
            answer = link.until(tag, *[b"+"] * (place + 1 < len(parts)))
            said += answer
            if answer.splitlines()[-1].startswith(tag):
                break
    return PASSING.sub(b"", said)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=8),
    st.lists(st.integers(0, 60), min_size=1, max_size=9),
)
def test_a_session_is_the_same_byte_for_byte_with_and_without_us(box, front, commands, cuts):
    with link_to(front) as through, direct_link(box) as direct:
        assert played(through, commands, cuts) == played(direct, commands, cuts)
