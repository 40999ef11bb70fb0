"""A real mail client reads, flags and moves mail in the demonstration's mailbox."""

import os
import pty
import select
import subprocess
import time
from datetime import UTC, datetime

import pytest
from imapclient import IMAPClient

from tests.mailboxes import PASSWORD, USER, mailbox_server

pytestmark = pytest.mark.needs("mutt")

SETTINGS = """\
set folder="imap://{host}:{port}/"
set spoolfile="imap://{host}:{port}/INBOX"
set imap_user="{user}"
set imap_pass="{password}"
set ssl_starttls=no
set ssl_force_tls=no
set header_cache=
set sort=mailbox-order
set delete=yes
set confirmappend=no
push "<display-message><exit><next-entry><display-message><exit><flag-message><save-message>=Trash<enter><sync-mailbox><exit>"
"""


@pytest.mark.parametrize(
    "dovecot",
    [pytest.param(True, marks=pytest.mark.needs("dovecot")), False],
    ids=["dovecot", "demonstration"],
)
def test_mutt_reads_and_moves_mail(tmp_path, dovecot):
    with mailbox_server(dovecot=dovecot) as box, IMAPClient(box.host, box.imap_port, ssl=False) as client:
        client.login(USER, PASSWORD)
        for number in range(5):
            mail = f"From: a@x.example\r\nSubject: mail {number}\r\n\r\nText {number}\r\n"
            client.append("INBOX", mail.encode(), (), datetime(2026, 11, 23, tzinfo=UTC))
        settings = tmp_path / "muttrc"
        settings.write_text(SETTINGS.format(host=box.host, port=box.imap_port, user=USER, password=PASSWORD))
        screen = run_mutt(settings, tmp_path)
        assert b"mail 4" in screen
        client.select_folder("INBOX")
        assert client.search("ALL") == [1, 2, 4, 5], screen[-2000:]
        assert client.search("SEEN") == [1, 2]
        assert client.search("FLAGGED") == [2]
        client.select_folder("Trash")
        trashed = client.fetch([1], ["FLAGS", "BODY.PEEK[TEXT]"])[1]
        assert trashed[b"BODY[TEXT]"] == b"Text 2\r\n"


def run_mutt(settings, home, wait_s=20.0):
    """Run mutt on a terminal of its own until it ends; return all it drew."""
    terminal, its_end = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "HOME": str(home)}
    mutt = subprocess.Popen(
        ["mutt", "-F", settings],
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        env=environment,
        start_new_session=True,
    )
    os.close(its_end)
    drawn = b""
    deadline = time.monotonic() + wait_s
    with mutt:
        while (left := deadline - time.monotonic()) > 0 and select.select([terminal], [], [], left)[0]:
            try:
                drawn += os.read(terminal, 65536)
            except OSError:  # the terminal closes with its program
                break
        if mutt.poll() is None and deadline < time.monotonic():
            mutt.kill()
        os.close(terminal)
    return drawn
