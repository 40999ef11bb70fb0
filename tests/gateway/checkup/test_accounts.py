"""Whether a message could be put into a folder is found out without putting one there."""

import pytest

from gateway.capture.session import Account, open_session
from gateway.checkup.accounts import appends, capabilities
from tests.mailboxes import PASSWORD, USER, mailbox_server
from tests.scripted_imap import scripted_imap


def session(port):
    return open_session(
        Account(name="x", host="127.0.0.1", port=port, user=USER, password=PASSWORD, tls="none", timeout_s=10)
    )


def tried(port, folder="INBOX", *, message_bytes=1000):
    with session(port) as client:
        return [(one.ok, one.mend) for one in appends(client, folder, "box", message_bytes=message_bytes)]


@pytest.mark.needs("dovecot")
def test_dovecot_says_what_it_would_take_and_keeps_nothing():
    with mailbox_server(dovecot=True) as box:
        assert tried(box.imap_port) == [(True, "allowed")]
        assert tried(box.imap_port, 'Löschen "2"')[0] == (
            True,
            "there is no such folder yet; the first message makes it",
        )
        with session(box.imap_port) as client:
            assert client.select_folder("INBOX")[b"EXISTS"] == 0
            assert "more" in capabilities(client, "box", agents=True).mend


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (b"TAG NO [NOPERM] You may not insert\r\n", (False, "refused: NO [NOPERM] You may not insert; give")),
        (b"TAG NO [TRYCREATE] none\r\n", (True, "there is no such folder yet")),
        (b"* 1 RECENT\r\n+ go on\r\n", (True, "allowed")),
        (b"* BYE gone\r\n", (False, "the server broke off")),
        (b"", (False, "the server broke off")),
    ],
)
def test_every_answer_to_the_announcement_is_understood(said, found):
    with scripted_imap({}, script={"^APPEND": said}) as server:
        ((ok, mend),) = tried(server.port)
    assert (ok, mend[: len(found[1])]) == found


def test_a_limit_below_ours_and_what_a_server_lacks_are_remarks():
    with scripted_imap(
        {}, script={"^APPEND": b"+ go on\r\n"}, capabilities="IMAP4rev1 IDLE APPENDLIMIT=900"
    ) as server:
        assert tried(server.port)[0] == (
            True,
            "takes messages of 900 bytes at most, Docket takes 1,000 (limits, message_bytes)",
        )
        with session(server.port) as client:
            assert capabilities(client, "box", agents=False).mend == "IDLE and 2 more"
            lacks = capabilities(client, "box", agents=True)
    assert lacks.ok
    assert "no MOVE" in lacks.mend
