"""Agents' mail clients at the port: who gets in, what is recorded, and what becomes of clients and servers that misbehave."""

import contextlib
import imaplib
import json
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from gateway.demo.dovecot import find_dovecot
from gateway.errors import Temporary
from gateway.imap_proxy.upstream import Upstream
from tests.agents_port import AGENT, MAILBOX, WORD, agents_port
from tests.installation import wait_for
from tests.mailboxes import PASSWORD, USER, mailbox_server
from tests.oauth_provider import TokenDovecot, provider
from tests.scripted_imap import scripted_imap


@pytest.fixture(scope="module")
def box():
    with mailbox_server(dovecot=True) as box:
        yield box


def upstream(host, port, *, user=USER, password=PASSWORD, **more):
    return Upstream(host=host, port=port, user=user, secret=lambda: password, tls="none", timeout_s=5, **more)


@pytest.fixture
def port(box, tmp_path):
    with agents_port(tmp_path, upstream(box.host, box.imap_port), protected=("Orders",)) as port:
        yield port


def did(port):
    return [json.loads(one.payload)["did"] for one in port.entries()]


@contextlib.contextmanager
def raw(address):
    with socket.create_connection(address, timeout=10) as link, link.makefile("rb") as lines:
        lines.readline()

        def ask(data, until=b""):
            link.sendall(data)
            said = b""
            while until is not None and (line := lines.readline()):
                said += line
                if line.startswith(until or data.split(b" ")[0]):
                    break
            return said

        yield ask


@pytest.mark.needs("dovecot")
def test_an_agent_logs_in_with_their_own_name_and_the_record_says_who_and_what(port):
    client = imaplib.IMAP4(*port.clear)
    client.starttls(port.context())
    client.login(AGENT, WORD)
    client.select("INBOX")
    client.append("INBOX", "", None, b"Subject: x\r\n\r\nhello\r\n")
    client.logout()
    with imaplib.IMAP4_SSL(*port.tls, ssl_context=port.context()) as other:
        other.authenticate("PLAIN", lambda _: f"\0{AGENT}/{MAILBOX}\0{WORD}".encode())
    said = [json.loads(one.payload) for one in port.entries()]
    assert [one["did"] for one in said][:3] == ["login", "added", "logout"]
    assert {(one["agent"], one["mailbox"], one["account"]) for one in said} == {
        (AGENT, MAILBOX, f"{USER}@127.0.0.1")
    }
    assert said[0]["peer"].startswith("127.0.0.1:")
    assert WORD.encode() not in b"".join(one.payload for one in port.entries())


@pytest.mark.needs("dovecot")
def test_an_app_password_opens_until_it_is_taken_back(port):
    id_, password = port.accounts.make_app_password(AGENT, "telephone")
    with imaplib.IMAP4(*port.clear) as client:
        client.login(AGENT, password)
    port.accounts.revoke_app_password(AGENT, id_)
    with (
        imaplib.IMAP4(*port.clear) as client,
        pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"),
    ):
        client.login(AGENT, password)


LOGINS = [
    b'a LOGIN anna "sesame open"\r\n',
    b'a LOGIN "anna" "sesame open"\r\n',
    b"a LOGIN {4+}\r\nanna {11+}\r\nsesame open\r\n",
    b"a AUTHENTICATE PLAIN AGFubmEAc2VzYW1lIG9wZW4=\r\n",
    b'x ID ("name" "Thunderbird" "version" "140")\r\na LOGIN anna "sesame open"\r\n',
]


@pytest.mark.needs("dovecot")
@pytest.mark.parametrize("said", LOGINS)
def test_every_way_to_say_name_and_password_is_understood(port, said):
    with raw(port.clear) as ask:
        assert b"a OK [CAPABILITY IMAP4rev1" in ask(said, b"a ")
        assert b"b OK" in ask(b"b SELECT INBOX\r\n")


REFUSED = [
    (b'a LOGIN anna "wrong"\r\n', b"a NO [AUTHENTICATIONFAILED] Name or password is wrong"),
    (b"a LOGIN nobody x\r\n", b"a NO [AUTHENTICATIONFAILED] Name or password is wrong"),
    (b"a LOGIN support@brand.example {13+}\r\ncorrect horse\r\n", b"a NO [AUTHENTICATIONFAILED]"),
    (b'a LOGIN anna/boss@brand.example "sesame open"\r\n', b"a NO [UNAVAILABLE] No mailbox of yours"),
    (b"a LOGIN anna\r\n", b"a BAD"),
    (b"a LOGIN anna (x)\r\n", b"a BAD"),
    (b"a LOGIN \xff\xfe x\r\n", b"a BAD"),
    (b"a AUTHENTICATE GSSAPI\r\n", b"a BAD"),
    (b"a AUTHENTICATE PLAIN !!!!\r\n", b"a BAD"),
    (
        b"a AUTHENTICATE PLAIN Ym9zcwBhbm5hAHNlc2FtZSBvcGVu\r\n",
        b"a NO [AUTHENTICATIONFAILED] Acting for another",
    ),
    (b"a SELECT INBOX\r\n", b"a BAD Log in first"),
    (b"a LOGIN {5000}\r\n", b"* BYE"),
    (b"a LOGIN " + b"x" * 66_000 + b"\r\n", b"* BYE"),
    (b"a LOGIN anna\0 x\r\n", b"* BYE"),
]


@pytest.mark.needs("dovecot")
@pytest.mark.parametrize("said, answer", REFUSED)
def test_whoever_does_not_belong_here_stays_outside(port, said, answer):
    with raw(port.clear) as ask:
        assert ask(said, (b"a ", b"* BYE")).startswith(answer)
    assert "login" not in did(port)


@pytest.mark.needs("dovecot")
def test_guesses_are_counted_and_the_connection_ends(port):
    with raw(port.clear) as ask:
        for _ in range(2):
            assert ask(b"a LOGIN anna x\r\n").startswith(b"a NO")
        assert b"* BYE Too many failed logins" in ask(b"a LOGIN anna x\r\n", b"* BYE")


@pytest.mark.needs("dovecot")
def test_what_was_sent_before_the_handshake_is_nobody_s_word(port):
    with raw(port.clear) as ask:
        assert ask(b"a STARTTLS\r\nb LOGIN anna sesame\r\n").startswith(b"a OK")
        assert ask(b"", b"b") == b""


@pytest.mark.needs("dovecot")
def test_a_folder_that_is_kept_can_be_filled_and_not_deleted(port):
    with imaplib.IMAP4(*port.clear) as client:
        client.login(AGENT, WORD)
        client.create("Orders/112")
        assert client.delete("Orders/112") == (
            "NO",
            [b"[CANNOT] Docket keeps the folder Orders/112; it is not renamed or deleted from here"],
        )
        assert client.rename("Orders", "Mine")[0] == "NO"
        assert client.append("Orders/112", "", None, b"Subject: y\r\n\r\n\r\n")[0] == "OK"


@pytest.mark.needs("dovecot")
def test_what_was_only_read_is_on_record_before_what_came_after_it(port):
    with imaplib.IMAP4(*port.clear) as client:
        client.login(AGENT, WORD)
        client.select("INBOX")
        for number in range(520):  # more than are kept until something else is done
            client.append("INBOX", "", None, b"Subject: %d\r\n\r\nhello\r\n" % number)
        client.noop()
        client.uid("FETCH", "1:*", "(BODY.PEEK[])")
        client.uid("STORE", "1:*", "+FLAGS.SILENT", "\\Flagged")
        client.uid("FETCH", "1:*", "(BODY.PEEK[])")
    wait_for(lambda: did(port)[-1] == "logout")
    done = [
        one for one in map(json.loads, (entry.payload for entry in port.entries())) if one["did"] != "added"
    ]
    assert [one["did"] for one in done] == ["login", "opened", "flagged", "opened", "logout"]
    assert done[1]["count"] == done[3]["count"] >= 520


@pytest.mark.needs("dovecot")
def test_whoever_hangs_up_on_a_change_leaves_it_on_record(port):
    with raw(port.clear) as ask:
        ask(b'a LOGIN "%s" "%s"\r\n' % (AGENT.encode(), WORD.encode()))
        ask(b"b APPEND INBOX {17+}\r\nSubject: x\r\n\r\nhi\r\n", until=b"b ")
    for number in range(40):
        with raw(port.clear) as ask:
            ask(b'a LOGIN "%s" "%s"\r\n' % (AGENT.encode(), WORD.encode()))
            ask(b"b SELECT INBOX\r\n")
            ask(b"c UID STORE 1:* +FLAGS (k%d)\r\n" % number, until=b"*" if number % 2 else None)
    wait_for(lambda: did(port).count("logout") == 41)
    said = [json.loads(one.payload) for one in port.entries()]
    assert {one["what"] for one in said if one["did"] == "flagged"} == {f"+FLAGS (k{n})" for n in range(40)}


@pytest.mark.needs("dovecot")
def test_a_session_in_which_nobody_says_a_word_ends(box, tmp_path):
    with agents_port(tmp_path, upstream(box.host, box.imap_port), imap_idle_s=0.2) as port:
        with raw(port.clear) as ask:
            assert b"a OK" in ask(b'a LOGIN "%s" "%s"\r\n' % (AGENT.encode(), WORD.encode()))
            assert ask(b"", until=b"never") == b""  # the end of the connection
        assert did(port) == ["login", "logout"]


@pytest.mark.needs("dovecot")
def test_too_many_connections_are_told_so(box, tmp_path):
    with (
        agents_port(tmp_path, upstream(box.host, box.imap_port), connections=1) as port,
        raw(port.clear) as first,
        socket.create_connection(port.clear, timeout=10) as second,
    ):
        assert second.recv(200).startswith(b"* BYE Too many connections")
        assert b"a OK" in first(b"a NOOP\r\n")


def test_a_server_that_is_away_is_told_of_and_the_client_may_try_again(tmp_path, free_port):
    with agents_port(tmp_path, upstream("127.0.0.1", free_port())) as port, raw(port.clear) as ask:
        for _ in range(2):
            assert b"a NO [UNAVAILABLE] The mailbox cannot be reached now" in ask(LOGINS[0])
        assert b"b OK" in ask(b"b NOOP\r\n")


HOSTILE = [
    {"LOGIN|AUTHENTICATE": b"TAG NO [AUTHENTICATIONFAILED] no\r\n"},
    {"LOGIN|AUTHENTICATE": b"* OK {99999999999}\r\n+ \r\n+ \r\n+ \r\n+ \r\n+ \r\n"},
    {"CAPABILITY": b"* CAPABILITY " + b"X" * 2_000_000},
    {"CAPABILITY": b""},
]


@pytest.mark.parametrize("script", HOSTILE, ids=str)
def test_a_server_that_behaves_badly_at_the_login_costs_its_client_a_word(tmp_path, script):
    with (
        scripted_imap({}, script=script) as server,
        agents_port(tmp_path, upstream("127.0.0.1", server.port)) as port,
        raw(port.clear) as ask,
    ):
        assert b"a NO [UNAVAILABLE]" in ask(LOGINS[0])


ODD = [
    b"* 1 FETCH (UID 99999999999999999999)\r\nTAG OK\r\n",
    b"* SEARCH 1 2 x \xff\r\nTAG OK done\r\n",
    b"* SEARCH" + b" 7" * 400_000 + b"\r\nTAG OK done\r\n",
    b"* 1 FETCH (UID 5 BODY[HEADER.FIELDS (X-DOCKET-ID)] {3}\r\n\0\0\0)\r\nTAG OK\r\n",
    b'* ESEARCH (TAG "x") UID ALL 1:4294967295\r\nTAG OK\r\n',
    b"TAG BAD what\r\n",
]


@pytest.mark.parametrize("answer", ODD, ids=range(len(ODD)))
def test_a_server_that_answers_our_questions_with_nonsense_keeps_nobody_from_their_mail(tmp_path, answer):
    script = {"FETCH|SEARCH": answer}
    with (
        scripted_imap({}, script=script) as server,
        agents_port(tmp_path, upstream("127.0.0.1", server.port)) as port,
    ):
        with raw(port.clear) as ask:
            ask(LOGINS[0])
            ask(b"b SELECT INBOX\r\n")
            assert b"c OK" in ask(b"c STORE 1 +FLAGS (\\Seen)\r\n")
            assert b"d OK" in ask(b"d EXPUNGE\r\n")
        assert "flagged" in did(port)


def test_passwords_go_to_no_server_that_offers_no_tls(tmp_path):
    with scripted_imap({}) as server:
        way = Upstream(
            host="127.0.0.1",
            port=server.port,
            user=USER,
            secret=lambda: PASSWORD,
            tls="starttls",
            timeout_s=5,
        )
        with agents_port(tmp_path, way) as port, raw(port.clear) as ask:
            assert b"a NO [UNAVAILABLE]" in ask(LOGINS[0])
        assert not any("LOGIN" in one or "AUTHENTICATE" in one for one in server.commands)


def test_a_secret_that_cannot_be_had_is_for_the_log(tmp_path):
    def no_secret():
        raise Temporary("nobody has signed in; run: docket mailbox authorize")

    way = Upstream(host="127.0.0.1", port=1, user=USER, secret=no_secret)
    with agents_port(tmp_path, way) as port, raw(port.clear) as ask:
        assert b"nobody" not in ask(LOGINS[0])


@pytest.mark.needs("dovecot")
@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_agents_need_no_token_where_docket_has_one(tmp_path, free_port, mechanism):
    version = subprocess.run([find_dovecot(), "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("2.3"):
        pytest.skip("the settings of this test are Dovecot 2.3's")
    with provider(USER) as signing, tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        server = TokenDovecot(Path(folder), {USER: "x"}, imap_port=free_port(), lmtp_port=free_port())
        server.provider, server.mechanisms = signing, mechanism
        signing.access.add("token-1")
        distrusted = []
        way = upstream(
            "127.0.0.1",
            server.imap_port,
            password="token-1",
            by_token=True,
            distrust=lambda: distrusted.append(1),
        )
        server.start()
        try:
            with agents_port(tmp_path, way) as port:
                with raw(port.clear) as ask:
                    assert b"a OK" in ask(LOGINS[0])
                signing.access.clear()
                with raw(port.clear) as ask:
                    assert b"a NO [UNAVAILABLE]" in ask(LOGINS[0])
        finally:
            server.stop()
        assert distrusted == [1]
