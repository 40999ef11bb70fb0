"""An account whose provider takes no password: signed in to with the real command, captured, lost, signed in to again."""

import re
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from imapclient import IMAPClient

from gateway.demo.dovecot import find_dovecot
from tests.installation import ENVIRONMENT, MAILBOX, command, wait_for
from tests.oauth_provider import TokenDovecot, provider

pytestmark = pytest.mark.needs("dovecot")
USER, PASSWORD = "shop", "for the test's own client"


@pytest.fixture
def signing():
    with provider(USER) as one:
        yield one


@pytest.fixture
def dovecot(signing, free_port):
    version = subprocess.run([find_dovecot(), "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("2.3"):
        pytest.skip("the settings of this test are Dovecot 2.3's")
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        server = TokenDovecot(Path(folder), {USER: PASSWORD}, imap_port=free_port(), lmtp_port=free_port())
        server.provider = signing
        server.start()
        yield server
        server.stop()


@pytest.fixture
def place(new_installation, dovecot, signing):
    place = new_installation()
    settings = place.data / "config.toml"
    block = f"""[[mailbox.capture]]
host = "127.0.0.1"
port = {dovecot.imap_port}
user = "{USER}"
tls = "none"
poll_s = 1
oauth = {{ client_id = "docket", device_url = "{signing.url("device")}", token_url = "{signing.url("token")}", scope = "imap" }}

[mailbox.relay]"""
    settings.write_text(
        re.sub(r"^\[mailbox\.relay\]$", lambda _: block, settings.read_text(), flags=re.MULTILINE)
    )
    return place


def put(dovecot, word):
    with IMAPClient("127.0.0.1", dovecot.imap_port, ssl=False, timeout=30) as client:
        client.login(USER, PASSWORD)
        client.append("INBOX", f"Subject: {word}\r\n\r\n{word}\r\n".encode())


def authorize(place, signing, word="approved"):
    """Run the command, and be the person with the browser."""
    person = threading.Thread(target=lambda: wait_for(lambda: signing.approve(word)), daemon=True)
    person.start()
    done = place.run("mailbox", "authorize", MAILBOX)
    person.join(30)
    return done


def mend(place):
    (status,) = place.json("status")
    return status["capture"]["accounts"].get(f"{USER}@127.0.0.1", {}).get("mend", [])


def mails(place):
    with place.archive() as archive:
        return [entry.payload[9:].split(b"\r")[0] for entry in archive.entries(0) if entry.type == "mail.in"]


def test_signed_in_to_once_then_lost_then_signed_in_to_again(place, dovecot, signing):
    put(dovecot, "first")
    done = place.run("mailbox", "fetch", MAILBOX)
    assert done.returncode == 1
    assert f"nobody has signed in to this account yet; run: docket mailbox authorize {MAILBOX}" in done.stderr
    assert authorize(place, signing, "denied").stderr.endswith(
        "access_denied (AADSTS70000: told by the provider)\n"
    )

    done = authorize(place, signing)
    assert done.returncode == 0, done.stderr
    assert (
        f"shop@127.0.0.1: open {signing.url('sign-in')} on any device and enter the code WDJB-MJHT"
        in done.stdout
    )
    assert "signed in. A running docket serve goes on by itself." in done.stdout
    assert place.json("mailbox", "fetch", MAILBOX)[0]["archived"] == 1

    place.start()
    put(dovecot, "second")
    wait_for(lambda: len(mails(place)) == 2, why=place.log)
    signing.revoke()  # an administrator takes it all back
    signing.refresh.clear()
    dovecot.stop()
    dovecot.start()
    put(dovecot, "third")
    wait_for(
        lambda: f"run: docket mailbox authorize {MAILBOX}" in "".join(mend(place)), seconds=60, why=place.log
    )
    assert mails(place) == [b"first", b"second"]

    assert authorize(place, signing).returncode == 0
    wait_for(lambda: len(mails(place)) == 3, seconds=60, why=place.log)
    wait_for(lambda: mend(place) == [], seconds=60)
    assert place.stop() == 0
    log = (place.data / "serve.log").read_text()
    secrets = {*signing.access, *signing.refresh}
    assert not [one for one in secrets if one in log or one in done.stdout + done.stderr]


def test_an_account_with_a_password_needs_no_sign_in(place):
    settings = place.data / "config.toml"
    settings.write_text(re.sub(r"^oauth = .*$", "", settings.read_text(), flags=re.MULTILINE))
    done = place.run("mailbox", "authorize", MAILBOX)
    assert done.returncode == 2
    assert "its accounts have passwords" in done.stderr


def test_signed_in_to_with_a_browser_on_another_machine(place, dovecot, signing):
    settings = place.data / "config.toml"
    settings.write_text(settings.read_text().replace("device_url", "auth_url"))
    put(dovecot, "first")
    command_ = command("--data", place.data, "mailbox", "authorize", "--paste", MAILBOX)
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command_, **pipes, text=True, env=ENVIRONMENT) as running:
        assert running.stdout.readline() == "shop@127.0.0.1: open this address in a browser:\n"
        back = signing.consent(running.stdout.readline().strip())
        out, err = running.communicate(back + "\n", timeout=60)
    assert running.returncode == 0, err
    assert "signed in" in out
    assert place.json("mailbox", "fetch", MAILBOX)[0]["archived"] == 1
