"""What was read and done is on record however a session ends, and of the folder and in the order in which it was."""

import asyncio
import contextlib
import json
import socket
import struct

import pytest

from gateway.archive.archive import Archive
from gateway.clock import FixedClock
from gateway.errors import ArchiveBroken
from gateway.imap_proxy.record import Journal
from gateway.imap_proxy.upstream import Upstream
from tests.agents_port import AGENT, NOW, WORD, agents_port
from tests.installation import wait_for
from tests.mailboxes import PASSWORD, USER, mailbox_server
from tests.scripted_imap import scripted_imap

MAIL = {uid: b"Subject: %d\r\n\r\nsecret\r\n" % uid for uid in range(1, 601)}


class Client:
    """A client that sends what it is told to, and hangs up as it likes."""

    def __init__(self, port):
        self.socket = socket.create_connection(port.clear, timeout=10)
        self.lines = self.socket.makefile("rb")
        self.lines.readline()
        self.ask(b'x LOGIN %s "%s"' % (AGENT.encode(), WORD.encode()))
        self.ask(b"x SELECT INBOX")

    def send(self, *commands):
        self.socket.sendall(b"".join(one + b"\r\n" for one in commands))

    def ask(self, *commands):
        self.send(*commands)
        said, tag = b"", commands[-1].split(b" ")[0] + b" "
        while line := self.lines.readline():
            said += line
            if line.startswith(tag):
                break
        return said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.lines.close()
        self.socket.close()

    def hang_up(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


@contextlib.contextmanager
def port_before(server, place):
    way = Upstream(host="127.0.0.1", port=server.port, user="u", secret=lambda: "p", tls="none", timeout_s=5)
    with agents_port(place, way) as port:
        yield port


def deeds(port):
    told = [json.loads(one.payload) for one in port.entries()]
    return [
        (one["did"], one.get("folder", ""), one.get("uids", ""), one.get("said", ""))
        for one in told
        if one["did"] not in {"login", "logout"}
    ]


def ended(port):
    wait_for(lambda: any(json.loads(one.payload)["did"] == "logout" for one in port.entries()))
    return deeds(port)


def left_in(place):
    """Return what was done, from the archive as a port that has stopped left it."""
    urls = [f"sqlite:///{place / name}.db" for name in ("archive", "keys")]
    with contextlib.closing(Archive(*urls, place / "secrets", clock=FixedClock(NOW))) as archive:
        return [json.loads(one.payload)["did"] for one in archive.entries(0) if one.type == "imap"]


@pytest.mark.needs("dovecot")
@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ((b"a UID FETCH 1 (BODY[])", b"b SELECT Other"), [("opened", "INBOX", "1")]),
        ((b"a UID FETCH 2 (BODY[])", b"b UNSELECT"), [("opened", "INBOX", "2")]),
        (
            (b"a UID FETCH 1 (BODY[])", b"b EXAMINE Other", b"c UID FETCH 1 (BODY[])", b"d NOOP"),
            [("opened", "INBOX", "1"), ("opened", "Other", "1")],
        ),
        (
            (b"a UID FETCH 1 (BODY[])", b"b UID STORE 1 +FLAGS (k)"),
            [("opened", "INBOX", "1"), ("flagged", "INBOX", "1")],
        ),
        (
            (b"a UID FETCH 2 (BODY[])", b"b UID MOVE 2 Other"),
            [("opened", "INBOX", "2"), ("moved", "INBOX", "2")],
        ),
    ],
)
def test_commands_sent_ahead_are_told_of_their_own_folder_and_in_their_order(tmp_path, commands, expected):
    with mailbox_server(dovecot=True) as box:
        way = Upstream(
            host=box.host, port=box.imap_port, user=USER, secret=lambda: PASSWORD, tls="none", timeout_s=5
        )
        with agents_port(tmp_path, way) as port, Client(port) as client:
            client.ask(b"m CREATE Other")
            for number, folder in enumerate((b"INBOX", b"INBOX", b"Other")):
                client.ask(b"m%d APPEND %s {17+}\r\nSubject: x\r\n\r\nhi\r\n" % (number, folder))
            client.ask(*commands)
            client.ask(b"z LOGOUT")
            told = [one[:3] for one in ended(port) if one[0] not in {"folder", "added"}]
    assert told == expected


@pytest.mark.parametrize(
    "after", [b"c CLOSE", b"c UID COPY 2 Drafts", b"c UID STORE 2 +FLAGS (k)", b"c NOOP"]
)
def test_what_was_read_is_told_though_the_client_or_the_server_hangs_up(tmp_path, after):
    with (
        scripted_imap(MAIL, script={"SEARCH DELETED|X-DOCKET-ID": b""}) as server,
        port_before(server, tmp_path) as port,
    ):
        client = Client(port)
        assert b"secret" in client.ask(b"b UID FETCH 1 (BODY[])")
        client.send(after)
        client.hang_up()
        assert ended(port)[0] == ("opened", "INBOX", "1", "")


def test_a_message_that_was_read_to_its_end_is_told_though_the_answer_never_came(tmp_path):
    large = b"Subject: large\r\n\r\n" + b"x" * 1_000_000

    def no_end(_, connection, __):
        connection.sendall(b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\n" % (len(large), large))

    with (
        scripted_imap({1: large}, script={r"BODY\[\]": no_end}) as server,
        port_before(server, tmp_path) as port,
    ):
        client = Client(port)
        client.send(b"b UID FETCH 1 (BODY[])")
        client.lines.read(len(large))
        client.hang_up()
        assert ended(port) == [("opened", "INBOX", "1", "no answer came")]


def test_nobody_reads_on_once_what_was_read_cannot_be_recorded(tmp_path, monkeypatch):
    write = Journal.write

    async def broken(self, who, told):
        if any(one.did == "opened" for one in told):
            raise ArchiveBroken("the disk is gone")
        await write(self, who, told)

    monkeypatch.setattr(Journal, "write", broken)
    with scripted_imap(MAIL) as server, port_before(server, tmp_path) as port:
        client = Client(port)
        client.ask(b"b UID FETCH %s (BODY[])" % b",".join(b"%d" % uid for uid in MAIL))
        wait_for(lambda: port.broken)
        assert client.lines.readline() == b""
        client.hang_up()


@pytest.mark.parametrize("stays", [True, False])
def test_a_port_that_stops_waits_for_what_is_being_told_and_tells_nothing_that_was_not_done(
    tmp_path, monkeypatch, stays
):
    write = Journal.write

    async def slow(self, who, told):
        if any(one.did in {"opened", "flagged"} for one in told):
            await asyncio.sleep(0.5)  # the archive is slow
        await write(self, who, told)

    monkeypatch.setattr(Journal, "write", slow)
    with scripted_imap(MAIL, script={"STORE": b"TAG OK done\r\n"}) as server:
        with port_before(server, tmp_path) as port:
            client = Client(port)
            client.ask(b"b UID FETCH 1 (BODY[])")
            client.send(b"c UID STORE 1 +FLAGS (k)")
            wait_for(lambda: any("X-DOCKET-ID" in one for one in server.commands))
            if not stays:
                client.hang_up()
        client.close()
        stored = any("STORE" in one for one in server.commands)
    told = left_in(tmp_path)
    assert [one for one in told if one in {"opened", "flagged"}] == ["opened", "flagged"][: 1 + stored]
    assert told[-1] == "logout"


def test_a_bare_line_feed_in_a_packet_of_its_own_is_passed_on(tmp_path):
    def odd(_, connection, __):
        connection.sendall(b"* 1 FETCH (UID 1 BODY[] {5}\r\nhello")
        connection.sendall(b"\n")
        return b"TAG OK done\r\n"

    with scripted_imap(MAIL, script={r"BODY\[\]": odd}) as server, port_before(server, tmp_path) as port:
        client = Client(port)
        assert client.ask(b"b UID FETCH 1 (BODY[])").endswith(b"hello\nb OK done\r\n")
        client.hang_up()
