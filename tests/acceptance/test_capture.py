"""A mailbox on a real Dovecot captured by the real service, killed at random; and by one command."""

import re
import socket
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest
from imapclient import IMAPClient

from gateway.demo.dovecot import Dovecot
from gateway.mail.entry import MAIL_TYPES
from tests.installation import MAILBOX, docket, wait_for

pytestmark = pytest.mark.needs("dovecot")
USER, PASSWORD = "shop", "correct horse"
MANY = 1200


@pytest.fixture(scope="module")
def dovecot():
    ports = []
    while len(ports) < 2:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        server = Dovecot(Path(folder), {USER: PASSWORD}, imap_port=ports[0], lmtp_port=ports[1])
        server.start()
        yield server
        server.stop()


@pytest.fixture
def mail(dovecot):
    client = IMAPClient("127.0.0.1", dovecot.imap_port, ssl=False, timeout=30)
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.login(USER, PASSWORD)
    yield client
    client.logout()


@pytest.fixture
def capturing(new_installation, dovecot):
    """Return a function that makes an installation which captures some folders."""

    def make(folder, **more):
        place = new_installation()
        (place.data / "shop.password").write_text(PASSWORD + "\n")
        settings = place.data / "config.toml"
        lines = [
            "[[mailbox.capture]]",
            'host = "127.0.0.1"',
            f"port = {dovecot.imap_port}",
            f'user = "{USER}"',
            'tls = "none"',
            'password_file = "shop.password"',
            f'folders = ["{folder}"]',
            *(f"{name} = {value}" for name, value in more.items()),
        ]
        block = "\n".join(lines) + "\n\n[mailbox.relay]"
        settings.write_text(
            re.sub(r"^\[mailbox\.relay\]$", lambda _: block, settings.read_text(), flags=re.MULTILINE)
        )
        return place

    return make


def fill(mail, folder, numbers, subject="Order 302-1234567-7654321"):
    for number in numbers:
        text = f"From: b{number}@shop.example\r\nSubject: {subject}\r\n\r\nmail {number} of {folder}\r\n"
        mail.append(folder, text.encode())


def payloads(place):
    with place.archive() as archive:
        return Counter(entry.payload for entry in archive.entries(0) if entry.type in MAIL_TYPES)


def test_killed_again_and_again_the_service_archives_each_message_once(dovecot, mail, capturing):
    mail.create_folder("Busy")
    fill(mail, "Busy", range(MANY))
    place = capturing("Busy")
    seen = 0
    for _ in range(4):
        place.start()
        wait_for(lambda least=seen: sum(payloads(place).values()) > min(least, MANY - 1), why=place.log)
        place.kill()
        seen = sum(payloads(place).values())
    place.start()
    wait_for(lambda: sum(payloads(place).values()) >= MANY, why=place.log)
    fill(mail, "Busy", [MANY], subject="new")
    wait_for(lambda: len(payloads(place)) == MANY + 1, why=place.log)
    place.settled()
    assert place.stop() == 0, place.log()
    assert set(payloads(place).values()) == {1}
    mail.select_folder("Busy", readonly=True)
    assert len(mail.search("UNSEEN")) == MANY + 1
    place.is_clean()
    # What it knows of the folder can be told from the archive alone.
    (place.data / "store.db").unlink()
    (place.data / "capture.json").unlink()
    assert place.run("rebuild").returncode == 0
    (told,) = place.json("mailbox", "fetch", MAILBOX)
    assert (told["archived"], told["existing"], told["next_uid"]) == (0, 0, MANY + 2)


def test_a_live_message_is_archived_as_soon_as_the_server_tells_of_it(mail, capturing):
    mail.create_folder("Quick")
    place = capturing("Quick", poll_s=3600)
    place.start()
    wait_for(lambda: "watching" in _standing(place), why=place.log)
    began = time.monotonic()
    fill(mail, "Quick", [1])
    wait_for(lambda: payloads(place), why=place.log)
    assert time.monotonic() - began < 60  # not by the hourly look
    assert place.stop() == 0


def _standing(place):
    file = place.data / "capture.json"
    return file.read_text() if file.exists() else ""


def test_one_command_fetches_what_is_there(mail, capturing):
    mail.create_folder("Once")
    fill(mail, "Once", range(3))
    fill(mail, "Sent", [1], subject="Re: Order 302-1234567-7654321")
    place = capturing("Once", sent='["\\\\Sent"]', agent='"anna"')
    done = place.run("mailbox", "fetch", MAILBOX)
    assert done.returncode == 0, done.stderr
    assert [line.partition(", in")[0] for line in done.stdout.splitlines()] == [
        "shop@127.0.0.1/Once: 3 archived, 0 already there, 0 not given",
        "shop@127.0.0.1/Sent: 1 archived, 0 already there, 0 not given",
    ]
    again = place.json("mailbox", "fetch", MAILBOX)
    assert [(one["folder"], one["archived"], one["existing"]) for one in again] == [
        ("Once", 0, 0),
        ("Sent", 0, 0),
    ]
    (sent,) = place.json("search", "agent:anna")
    assert (sent["direction"], sent["mailbox"]) == ("outbound", MAILBOX)
    place.is_clean()


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("nobody@brand.example", 2, "no mailbox 'nobody@brand.example' in the settings"),
        (MAILBOX, 1, "there is no folder Nowhere; there are: "),
    ],
)
def test_what_cannot_be_fetched_is_said(capturing, address, code, words):
    place = capturing("Nowhere")
    done = place.run("mailbox", "fetch", address)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mailbox_that_is_not_captured_says_where_to_set_it(installation):
    done = docket("--data", installation.data, "mailbox", "fetch", MAILBOX)
    assert done.returncode == 2
    assert "see [[mailbox.capture]] in config.example.toml" in done.stderr


def test_folders_are_compared_with_the_archive_by_command_and_the_status_says_how_they_stand(mail, capturing):
    mail.create_folder("Both")
    fill(mail, "Both", range(3))
    place = capturing("Both")
    assert place.json("mailbox", "fetch", MAILBOX)[0]["archived"] == 3
    fill(mail, "Both", [3])
    (told,) = place.json("mailbox", "reconcile", MAILBOX)
    assert (told["messages"], told["missing"], told["elsewhere"], told["unread"]) == (4, 1, 0, [])
    done = place.run("mailbox", "reconcile", "--deep", MAILBOX)
    assert done.stdout == "shop@127.0.0.1/Both: 4 here; the archive has them all.\n"
    place.start()
    wait_for(lambda: "watching" in _standing(place), why=place.log)
    (status,) = place.json("status")
    account = status["capture"]["accounts"]["shop@127.0.0.1"]
    assert (account["state"], account["behind"], account["mend"]) == ("watching", 0, [])
    assert account["folders"]["Both"]["messages"] == 4
    assert place.stop() == 0
    place.is_clean()


def test_new_mail_is_handed_on_stamped_and_our_own_copy_is_no_new_mail(dovecot, mail, capturing):
    mail.create_folder("In")
    mail.create_folder("Stamped")
    fill(mail, "In", [1], subject="history of 302-1234567-7654321")
    place = capturing("In", poll_s=1)
    settings = place.data / "config.toml"
    text = settings.read_text().replace('folders = ["In"]', 'folders = ["In", "Stamped"]')
    # By another name of the same machine, so that nobody notices that copies go where mail is captured.
    deliver = f"""[mailbox.deliver]
kind = "imap"
host = "localhost"
port = {dovecot.imap_port}
user = "{USER}"
tls = "none"
password_file = "shop.password"
folder = "Stamped"
"""
    settings.write_text(re.sub(r"\[mailbox\.deliver\]\nkind = \"none\".*\n", lambda _: deliver, text))
    place.start()
    wait_for(lambda: "watching" in _standing(place), why=place.log)
    fill(mail, "In", [2], subject="new of 302-1234567-7654321")
    wait_for(lambda: place.json("search", "in:inbound") and _sightings(place), why=place.log)
    place.settled()
    assert place.stop() == 0
    assert sum(payloads(place).values()) == 2
    assert len(_sightings(place)) == 1
    mail.select_folder("Stamped", readonly=True)
    (copy,) = mail.fetch(mail.search("ALL"), ["BODY.PEEK[]"]).values()
    raw = copy[b"BODY[]"]
    assert b"X-Docket-Order: 302-1234567-7654321" in raw
    assert raw.endswith(b"mail 2 of In\r\n")
    place.is_clean()


def _sightings(place):
    with place.archive() as archive:
        return [entry for entry in archive.entries(0) if entry.type == "sighting"]
