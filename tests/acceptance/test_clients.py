"""``docket clients``, and a mail client that knows nothing but an address and a password."""

import json
import plistlib
import smtplib
import ssl
from email.message import EmailMessage
from urllib.request import urlopen
from xml.etree import ElementTree as ET

import pytest
from imapclient import IMAPClient

from tests.installation import AGENT, MAILBOX, PASSWORD, free_ports, wait_for
from tests.mailboxes import PASSWORD as BEHIND
from tests.mailboxes import USER, mailbox_server
from tests.sink import sink

SETTINGS = """
[mailbox.imap]
host = "127.0.0.1"
port = {port}
tls = "none"
user = "{user}"
password_file = "imap.password"
"""
TYPED = "support+anna@brand.example"


@pytest.fixture(scope="module")
def house(new_installation):
    """Return a running service whose agents read a real mailbox through it and send to a real sink, and that sink."""
    with mailbox_server(dovecot=False) as box, sink() as market:
        relay = f'kind = "smtp"\nhost = "127.0.0.1"\nport = {market.port}\ntls = "none"\n'
        place = new_installation(relay=relay)
        settings = place.data / "config.toml"
        (place.data / "imap.password").write_text(BEHIND)
        text = settings.read_text().replace("[mailbox.relay]", SETTINGS.format(port=box.imap_port, user=USER) + "[mailbox.relay]", 1)  # fmt: skip
        (place.ports["imaps"],) = {free_ports()["smtp"]} - set(place.ports.values())
        ports = f'[listen]\nimap = []\nimaps = ["127.0.0.1:{place.ports["imaps"]}"]\n'
        settings.write_text(text.replace("[listen]\n", ports, 1) + '\n[clients]\nhost = "localhost"\n')
        place.start()
        yield place, market
        assert place.stop() == 0, place.log()


def found(place):
    """Ask as Thunderbird does; return host, port and user name of each kind's first server."""
    url = f"http://127.0.0.1:{place.ports['web']}/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress={TYPED.replace('+', '%2B')}"
    with urlopen(url, timeout=30) as answer:
        provider = ET.fromstring(answer.read()).find("emailProvider")
    servers = {}
    for tag in ("incomingServer", "outgoingServer"):
        one = provider.find(tag)
        assert one.findtext("socketType") == "SSL"
        user = one.findtext("username").replace("%EMAILADDRESS%", TYPED)
        servers[tag] = one.findtext("hostname"), int(one.findtext("port")), user
    return servers


def test_a_client_reads_and_sends_with_nothing_but_an_address_and_a_password(house):
    place, market = house
    servers, trust = found(place), ssl.create_default_context(cafile=place.data / "tls" / "certificate.pem")
    host, port, user = servers["incomingServer"]
    with IMAPClient(host, port, ssl_context=trust, timeout=30) as reading:
        reading.login(user, PASSWORD)
        assert reading.folder_exists("INBOX")
    host, port, user = servers["outgoingServer"]
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = (
        f"Anna <{TYPED}>",
        "k3jx9v@marketplace.amazon.de",
        "Your order",
    )
    mail.set_content("We send a new one.")
    with smtplib.SMTP_SSL(host, port, context=trust, timeout=30) as sending:
        sending.login(user, PASSWORD)
        sending.send_message(mail)
    (sent,) = wait_for(lambda: market.taken, why=place.log)
    assert sent.mail_from == MAILBOX
    assert MAILBOX.encode() in sent.raw
    assert b"anna" not in sent.raw.lower()
    place.settled()


def test_the_command_writes_what_a_web_server_of_ones_own_needs(house, tmp_path):
    place, _ = house
    done = place.run("clients", AGENT, "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    name = f"{AGENT}-{MAILBOX}"
    assert files == {
        ".well-known/autoconfig/mail/config-v1.1.xml",
        "mail/config-v1.1.xml",
        "autodiscover/autodiscover.xml",
        "dns.txt",
        f"{name}.mobileconfig",
        f"{name}.txt",
    }
    (mail,) = plistlib.loads((tmp_path / f"{name}.mobileconfig").read_bytes())["PayloadContent"]
    assert (mail["IncomingMailServerHostName"], mail["IncomingMailServerUsername"]) == ("localhost", AGENT)
    assert PASSWORD not in "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())


def test_the_command_says_the_same_in_words_and_in_json(house):
    place, _ = house
    (account,) = place.json("clients", AGENT)
    assert account["address_to_type"] == TYPED
    assert account["imap"][0] == {"host": "localhost", "port": place.ports["imaps"], "security": "SSL/TLS"}
    assert json.loads(account["android"])[2][-1] == AGENT
    (everything,) = place.json("clients")
    assert everything["servers"][0]["mailbox"] == MAILBOX
    assert f"user name {AGENT}" in place.run("clients", AGENT).stdout
    assert "_imaps._tcp.brand.example." in place.run("clients").stdout


def test_an_agent_who_is_none_is_named(house):
    place, _ = house
    done = place.run("clients", "nobody")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no agent 'nobody'" in done.stderr
