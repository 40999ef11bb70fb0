"""Sessions that were open when their agent was shut out, moved or removed, before a real Dovecot: they end."""

import contextlib
import imaplib
import json

import pytest

from gateway.imap_proxy.upstream import Upstream
from tests.agents_port import AGENT, WORD, agents_port
from tests.installation import wait_for
from tests.mailboxes import PASSWORD, USER, mailbox_server

pytestmark = pytest.mark.needs("dovecot")
NEVER, SOON = 3600.0, 0.05
SHUT = b"* BYE Your login was changed or taken back; log in again"


@pytest.fixture(scope="module")
def way():
    with mailbox_server(dovecot=True) as box:
        yield Upstream(
            host=box.host, port=box.imap_port, user=USER, secret=lambda: PASSWORD, tls="none", timeout_s=5
        )


@contextlib.contextmanager
def opened(port, word=WORD):
    client = imaplib.IMAP4(*port.clear, timeout=10)
    try:
        client.login(AGENT, word)
        client.append("INBOX", "", None, b"Subject: x\r\n\r\n" + b"hello\r\n" * 20)
        client.select("INBOX")
        yield client
    finally:
        client.shutdown()


def is_over(client, command):
    """Say a command and read up to its answer; return whether the session ended instead."""
    with contextlib.suppress(OSError):
        client.send(command + b"\r\n")
        while (said := client.readline()) and said.rstrip() != SHUT:
            if said.startswith(b"x "):
                return False
    return True


def did(port):
    return [json.loads(one.payload)["did"] for one in port.entries()]


COMMANDS = [
    b"x STORE 1 +FLAGS (\\Deleted)",
    b"x EXPUNGE",
    b"x COPY 1 INBOX",
    b"x CREATE Mine",
    b"x APPEND INBOX {3+}\r\nabc",
    b"x SELECT INBOX",
    b"x XUNKNOWN",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_is_changed_and_no_folder_opened_from_the_moment_on(way, tmp_path, command):
    with agents_port(tmp_path, way, every_s=NEVER) as port, opened(port) as client:
        port.accounts.disable(AGENT)
        client.send(command + b"\r\n")
        assert client.readline().rstrip() == SHUT
        assert client.readline() == b""
        wait_for(lambda: did(port)[-1] == "logout")
        assert did(port) == ["login", "added", "logout"]


ENDS = {
    "removed": lambda accounts, _: accounts.remove(AGENT),
    "moved": lambda accounts, _: accounts.assign(AGENT, role="agent", mailboxes=["chef@brand.example"]),
    "taken back": lambda accounts, id_: accounts.revoke_app_password(AGENT, id_),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_session_in_which_nobody_says_a_word_is_ended_too(way, tmp_path, end):
    with agents_port(tmp_path, way, every_s=SOON) as port:
        id_, word = port.accounts.make_app_password(AGENT, "telephone")
        with opened(port, word) as client:
            client.send(b"x IDLE\r\n")
            assert client.readline().startswith(b"+ ")
            end(port.accounts, id_)
            assert client.readline().rstrip() == SHUT
            assert client.readline() == b""


def test_reading_ends_in_the_middle(way, tmp_path):
    with agents_port(tmp_path, way, every_s=SOON) as port, opened(port) as client:
        port.accounts.disable(AGENT)
        wait_for(lambda: is_over(client, b"x FETCH 1 (BODY.PEEK[])"))
        wait_for(lambda: did(port)[-1] == "logout")


def test_who_keeps_their_login_keeps_their_session(way, tmp_path):
    with agents_port(tmp_path, way, every_s=0.002) as port:
        id_, _ = port.accounts.make_app_password(AGENT, "lost")
        _, word = port.accounts.make_app_password(AGENT, "telephone")
        port.accounts.add("ben", WORD)
        with opened(port, word) as client:
            port.accounts.revoke_app_password(AGENT, id_)
            port.accounts.remove("ben")
            for _ in range(200):
                assert client.noop()[0] == "OK"
            assert client.store("1", "+FLAGS", "\\Seen")[0] == "OK"
