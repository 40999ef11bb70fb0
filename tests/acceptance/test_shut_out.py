"""Mail clients that were logged in when the person was shut out, removed or held to fewer mailboxes, over the whole service."""

import smtplib

import pytest

from gateway.mail.entry import MAIL_TYPES
from tests.acceptance.test_mail_clients import trusting
from tests.installation import MAILBOX, PASSWORD

CHEF, GONE = "chef@brand.example", "returns@brand.example"
SECOND = f'[[mailbox]]\naddress = "{CHEF}"\nname = "Chef"\n'
CLOSED = f'\n[[mailbox]]\naddress = "{GONE}"\nname = "Returns"\n'
AGENTS = {"mallory": MAILBOX, "norma": MAILBOX, "dora": GONE}


@pytest.fixture(scope="module")
def place(new_installation):
    place = new_installation(more=SECOND + CLOSED)
    for name, box in AGENTS.items():
        added = place.run("agent", "add", name, "--mailbox", box, "--password-stdin", input=PASSWORD + "\n")
        assert added.returncode == 0, added.stderr
    settings = place.data / "config.toml"
    settings.write_text(settings.read_text().replace(CLOSED, ""))
    place.start()
    yield place
    assert place.stop() == 0, place.log()


def logged_in(place, name):
    client = smtplib.SMTP("127.0.0.1", place.ports["submission"], timeout=60)
    client.starttls(context=trusting())
    client.login(name, PASSWORD)
    return client


def send(client, sender):
    text = f"From: {sender}\r\nTo: b@marketplace.amazon.de\r\nSubject: x\r\nMessage-ID: <x@y>\r\n\r\nhi\r\n"
    client.sendmail(sender, ["b@marketplace.amazon.de"], text)


def sent_by(place, name):
    with place.archive() as archive:
        return [
            (one.meta["mailbox"], one.meta["verdict"]["reply"])
            for one in archive.entries(0)
            if one.type in MAIL_TYPES and one.meta["agent"] == name
        ]


@pytest.mark.parametrize(
    ("name", "do"), [("mallory", ["change", "mallory", "--mailbox", CHEF]), ("norma", ["remove", "norma"])]
)
def test_who_is_out_sends_nothing_more_from_a_session_that_is_open(place, name, do):
    client = logged_in(place, name)
    send(client, MAILBOX)
    done = place.run("agent", *do)
    assert done.returncode == 0, done.stderr
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        send(client, CHEF)
    assert refused.value.smtp_code == 530
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.noop()
    assert sent_by(place, name) == [(MAILBOX, "")]


def test_who_is_held_to_a_mailbox_that_is_closed_writes_from_no_other(place):
    with logged_in(place, "dora") as client, pytest.raises(smtplib.SMTPDataError) as refused:
        send(client, MAILBOX)
    assert b"no mailbox for this login" in refused.value.smtp_error
    ((box, reply),) = sent_by(place, "dora")
    assert box == ""
    assert reply.startswith("550 ")
