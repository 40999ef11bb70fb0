"""Two agents and their mail clients over the whole service: they read and answer one mailbox on a real Dovecot, and each act is in the log."""

import imaplib
import smtplib
import ssl
from email import message_from_bytes

import pytest

from tests.acceptance.test_clocks import MUG, asks, marketplace
from tests.acceptance.test_views import ACCOUNT
from tests.installation import AGENT, MAILBOX, free_ports, wait_for
from tests.mailboxes import PASSWORD, USER, mailbox_server
from tests.small_house import mail

pytestmark = pytest.mark.needs("dovecot")


def trusting():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.fixture(scope="module")
def place(new_installation, tmp_path_factory):
    secret = tmp_path_factory.mktemp("secret") / "upstream"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    with mailbox_server(dovecot=True) as box:
        account = ACCOUNT.format(port=box.imap_port, user=USER, secret=secret)
        place = new_installation(deliver=f'kind = "imap"\n{account}', more="[sending]\nagent_per_hour = 3\n")
        with marketplace(("127.0.0.1", place.ports["smtp"])) as market:
            settings, port = place.data / "config.toml", free_ports()["smtp"]
            relay = f'kind = "smtp"\nhost = "127.0.0.1"\nport = {market.address[1]}\ntls = "none"'
            text = settings.read_text()
            before, found, after = text.partition("[mailbox.relay]\n")
            text = f"{before}{found}{relay}\n\n[mailbox.imap]\n{account}{after.partition(chr(10))[2]}"
            settings.write_text(
                text.replace("[listen]\n", f'[listen]\nimap = ["127.0.0.1:{port}"]\nimaps = []\n')
            )
            place.words = {}
            for name in (AGENT, "ben"):
                if name != AGENT:
                    added = place.run("agent", "add", name, "--password-stdin", input="another horse 2\n")
                    assert added.returncode == 0, added.stderr
                made = place.run("agent", "app-password", name, "--label", "Thunderbird")
                assert made.returncode == 0, made.stderr
                place.words[name] = made.stdout.split()[-1]
            place.start()
            place.market, place.imap_port = market, port
            yield place
            assert place.stop() == 0, place.log()


def reader(place, name):
    client = imaplib.IMAP4("127.0.0.1", place.imap_port, timeout=60)
    client.starttls(trusting())
    client.login(name, place.words[name])
    return client


def submits(place, name, raw, to):
    """Submit as a mail client does; return the reply to its message."""
    with smtplib.SMTP("127.0.0.1", place.ports["submission"], timeout=60) as client:
        client.starttls(context=trusting())
        client.login(name, place.words[name])
        assert client.mail(MAILBOX)[0] == 250
        assert client.rcpt(to)[0] == 250
        return client.data(raw)


def waiting(place):
    return [one for one in place.json("queue", "list") if one["state"] == "second look"]


def reply(text, asked, to, number):
    raw = mail(f"Re: {MUG.value}", text, from_=MAILBOX, to=to, message_id=f"{number}", In_Reply_To=asked)
    return raw.replace(b"\n", b"\r\n")


def test_agents_read_answer_and_file_and_a_second_answer_waits_for_a_person(place):
    asks(place, MUG, "Where is it?")
    to = place.market.alias(MUG)
    with reader(place, AGENT) as anna, reader(place, "ben") as ben:
        assert anna.select("INBOX")[1] == [b"1"]
        raw = anna.fetch("1", "(BODY.PEEK[])")[1][0][1]
        read = message_from_bytes(raw)
        assert MUG.value in read["X-Docket-Order"]
        assert ben.select("INBOX")[0] == "OK"
        ben.store("1", "+FLAGS", "\\Seen")

        answer = reply("It left the house today.", read["Message-ID"].strip(), to, "first")
        assert submits(place, AGENT, answer, to)[0] == 250
        assert anna.create("Sent")[0] == "OK"
        assert anna.append("Sent", "(\\Seen)", None, answer)[0] == "OK"
        place.settled(seconds=180)

        # Ben has not seen that Anna was quicker: his answer is taken, and waits for somebody's word.
        code, said = submits(place, "ben", reply("On its way!", read["Message-ID"].strip(), to, "second"), to)
        assert code == 250, said
        place.settled(seconds=180)
        assert anna.select("INBOX")[1] == [b"2"]
        notice = message_from_bytes(anna.fetch("2", "(BODY.PEEK[])")[1][0][1])
        assert (
            "ben's answer has not left: it waits for a second look"
            in notice.get_payload(decode=True).decode()
        )
    (held,) = waiting(place)
    assert f"{AGENT} answered this message at" in held["last"]
    wrong = place.run("queue", "release", held["seq"])
    assert (wrong.returncode, f"docket release {held['seq']}" in wrong.stderr) == (2, True)
    wait_for(lambda: len(place.market.received) == 1, why=place.log)

    with place.archive() as archive:
        entries = list(archive.entries(0))
    mails = [one for one in entries if one.type in {"mail.in", "mail.out", "mail.held"}]
    assert [(one.type, one.meta.get("agent", "")) for one in mails] == [
        ("mail.in", ""),
        ("mail.out", AGENT),
        ("mail.held", "ben"),
    ]
    done = [one.payload.decode() for one in entries if one.type == "imap"]
    assert any('"ben"' in one and "Seen" in one for one in done)
    (filed,) = [one for one in done if "first@mail.example" in one and "Sent" in one]
    assert f'"agent":"{AGENT}"' in filed, filed


def test_more_than_a_person_sends_in_an_hour_waits_too(place):
    asked = "<nobody@mail.example>"
    for number in range(4):
        code, said = submits(
            place,
            "ben",
            reply(f"News {number}", asked, f"b{number}@shop.example", f"n{number}"),
            f"b{number}@shop.example",
        )
        assert code == 250, said
    place.settled(seconds=180)
    assert sum("messages in the last hour" in one["last"] for one in waiting(place)) in {
        1,
        2,
    }  # ben has written before, or not
