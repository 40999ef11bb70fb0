"""Programs that people use, through the port and directly: the same mail, folders and flags; and the record of what they did."""

import imaplib
import json
import subprocess

import pytest
from imapclient import IMAPClient

from gateway.imap_proxy.upstream import Upstream
from tests.agents_port import AGENT, WORD, agents_port
from tests.gateway.demo.test_mutt import SETTINGS, run_mutt
from tests.mailboxes import PASSWORD, USER, mailbox_server

pytestmark = pytest.mark.needs("dovecot")


@pytest.fixture(scope="module")
def box():
    with mailbox_server(dovecot=True) as box:
        with IMAPClient(box.host, box.imap_port, ssl=False) as client:
            client.login(USER, PASSWORD)
            client.create_folder("Orders/112")
            for number in range(300):
                folder = "Orders/112" if number % 3 == 0 else "INBOX"
                flags = (b"\\Seen", b"claim") if number % 2 else ()
                mail = f"Subject: {number}\r\nMessage-ID: <{number}@x>\r\n\r\n" + "line (a) {3}\r\n" * (
                    number * 7 % 400
                )
                client.append(folder, mail.encode(), flags)
        yield box


@pytest.fixture
def port(box, tmp_path):
    way = Upstream(host=box.host, port=box.imap_port, user=USER, secret=lambda: PASSWORD, tls="none")
    with agents_port(tmp_path, way) as port:
        yield port


def did(port):
    return [json.loads(one.payload) for one in port.entries()]


def copied(place, host, port, user, password):
    """Copy the whole account into a Maildir with mbsync; return its files, names without what differs from copy to copy."""
    place.mkdir()
    settings = place / "rc"
    settings.write_text(
        f'IMAPAccount a\nHost {host}\nPort {port}\nUser {user}\nPass "{password}"\nSSLType None\nAuthMechs LOGIN PLAIN\n\n'
        f"IMAPStore far\nAccount a\n\nMaildirStore near\nPath {place}/mail/\nInbox {place}/mail/INBOX\nSubFolders Verbatim\n\n"
        "Channel c\nFar :far:\nNear :near:\nPatterns *\nCreate Near\nSync Pull\nSyncState *\n"
    )
    (place / "mail").mkdir()
    done = subprocess.run(["mbsync", "-c", settings, "-a"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found = []
    for file in (place / "mail").rglob("*"):
        if file.is_file() and file.parent.name in {"cur", "new"}:
            lines = [line for line in file.read_bytes().splitlines() if not line.startswith(b"X-TUID")]
            found.append(
                (str(file.parent.parent.relative_to(place)), file.name.partition(":")[2], b"\n".join(lines))
            )
    return sorted(found)


@pytest.mark.needs("mbsync")
def test_mbsync_copies_the_same_through_us_as_directly(box, port, tmp_path):
    direct = copied(tmp_path / "direct", box.host, box.imap_port, USER, PASSWORD)
    through = copied(tmp_path / "through", *port.clear, AGENT, WORD)
    assert len(direct) >= 300
    assert through == direct
    opened = [one for one in did(port) if one["did"] == "opened"]
    assert sum(one["count"] for one in opened) >= 300
    assert {one["folder"] for one in opened} >= {"INBOX", "Orders/112"}
    assert not any(one.get("seen") for one in opened)


@pytest.mark.needs("curl")
def test_curl_reads_one_message_and_leaves_it_recorded(port):
    done = subprocess.run(
        [
            "curl",
            "-s",
            "--max-time",
            "20",
            "--netrc-file",
            "/dev/stdin",
            f"imap://{port.clear[0]}:{port.clear[1]}/INBOX;MAILINDEX=1",
        ],
        input=f'machine {port.clear[0]} login {AGENT} password "{WORD}"\n'.encode(),
        capture_output=True,
    )
    assert b"Message-ID: <1@x>" in done.stdout
    (opened,) = [one for one in did(port) if one["did"] == "opened"]
    assert (opened["folder"], opened["count"], opened["seen"]) == ("INBOX", 1, True)


def test_imaplib_and_imapclient_find_what_they_find_directly(box, port):
    def seen(host, number, user, password):
        with IMAPClient(host, number, ssl=False) as client:
            client.login(user, password)
            told = client.select_folder("INBOX", readonly=True)
            found = client.search(["KEYWORD", "claim"])
            texts = client.fetch(found, ["FLAGS", "BODY.PEEK[]", "ENVELOPE", "BODYSTRUCTURE"])
            folders = sorted(name for _, _, name in client.list_folders())
            return told[b"UIDVALIDITY"], told[b"EXISTS"], found, texts, folders, client.sort("SUBJECT")

    assert seen(*port.clear, AGENT, WORD) == seen(box.host, box.imap_port, USER, PASSWORD)
    with imaplib.IMAP4(*port.clear) as client:
        client.login(AGENT, WORD)
        client.select("INBOX")
        assert client.uid("SEARCH", "ALL") == client.uid("SEARCH", "1:*")
        assert client.thread("REFERENCES", "UTF-8", "ALL")[0] == "OK"


def test_a_session_that_idles_hears_of_mail_and_then_acts(port):
    with IMAPClient(*port.clear, ssl=False) as client, IMAPClient(*port.clear, ssl=False) as other:
        for one in (client, other):
            one.login(AGENT, WORD)
        exists = client.select_folder("INBOX")[b"EXISTS"]
        client.idle()
        other.append("INBOX", b"Subject: news\r\n\r\n")
        news = []
        while (exists + 1, b"EXISTS") not in news:
            news += client.idle_check(timeout=20)
        client.idle_done()
        client.delete_messages([client.search("ALL")[-1]])
        client.expunge()
    assert [one["did"] for one in did(port) if one["did"] in {"added", "flagged", "expunged"}] == [
        "added",
        "flagged",
        "expunged",
    ]


@pytest.mark.needs("mutt")
def test_mutt_reads_flags_and_moves_and_each_is_recorded(box, port, tmp_path):
    with IMAPClient(box.host, box.imap_port, ssl=False) as client:
        client.login(USER, PASSWORD)
        client.create_folder("Desk")
        for number in range(5):
            client.append(
                "Desk", f"From: a@x.example\r\nSubject: mail {number}\r\n\r\nText {number}\r\n".encode()
            )
    settings = tmp_path / "muttrc"
    told = SETTINGS.format(host=port.clear[0], port=port.clear[1], user=AGENT, password=WORD)
    settings.write_text(told.replace("/INBOX", "/Desk"))
    screen = run_mutt(settings, tmp_path)
    assert b"mail 4" in screen
    said = [(one["did"], one.get("uids"), one.get("to")) for one in did(port)]
    assert ("opened", "1:2", None) in said
    assert any(what == "flagged" and uids == "2" for what, uids, _ in said), said
    assert any(what in {"copied", "moved"} and uids == "3" and to == ["Trash"] for what, uids, to in said), (
        said
    )
