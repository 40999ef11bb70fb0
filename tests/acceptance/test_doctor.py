"""``docket doctor`` against a running service, real servers and a real time-stamp authority."""

from datetime import UTC, datetime

import pytest

from gateway.ingest.tls import make_certificate
from tests.authority import make_authority, serving_authority
from tests.dnsserver import dns_server
from tests.installation import MAILBOX
from tests.mailboxes import PASSWORD, USER, mailbox_server
from tests.signing import record
from tests.sink import sink

ZONE = {
    ("brand.example", "MX"): ["10 mx.brand.example."],
    ("brand.example", "TXT"): ["v=spf1 ip4:198.51.100.7 -all"],
    ("default._domainkey.brand.example", "TXT"): [record()],
    ("_dmarc.brand.example", "TXT"): ["v=DMARC1; p=none"],
}


@pytest.fixture
def house(new_installation, tmp_path):
    """Return a running service with everything that the doctor asks, and the zone of its sender."""
    zone = dict(ZONE)
    with (
        mailbox_server(dovecot=False) as box,
        sink() as relay,
        dns_server(zone) as names,
        serving_authority(make_authority(tmp_path / "tsa")) as authority,
    ):
        (tmp_path / "imap.password").write_text(PASSWORD)
        imap = f'host = "127.0.0.1"\nport = {box.imap_port}\ntls = "none"\nuser = "{USER}"\npassword_file = "{tmp_path}/imap.password"\n'
        place = new_installation(
            deliver=f'kind = "imap"\n{imap}',
            relay=f'kind = "smtp"\nhost = "127.0.0.1"\nport = {relay.port}\ntls = "none"\n',
            more=f'[authenticity]\ndns = ["{names.address[0]}:{names.address[1]}"]\n{authority.toml()}',
        )
        place.start()
        yield place, zone, relay
        place.stop()


def examined(place, *, code):
    return {one["what"]: one for one in place.json("doctor", code=code)}


def test_a_good_house_has_nothing_to_mend_and_nothing_was_sent(house):
    place, _, relay = house
    found = examined(place, code=0)
    for what in (
        f"{MAILBOX}: relay by smtp at 127.0.0.1:{relay.port}: size",
        "brand.example: SPF",
        "brand.example: DKIM",
        "brand.example: DMARC",
        "time-stamp authority test",
        "clock against test",
        "clock against the log's last entry",
        f"certificate at 127.0.0.1:{place.ports['submission']}",
        f"certificate at 127.0.0.1:{place.ports['submissions']}",
    ):
        assert found[what]["ok"], found[what]
    (append,) = (one for what, one in found.items() if what.endswith("append to INBOX"))
    assert append["mend"] == "allowed"
    assert relay.taken == []
    assert PASSWORD not in place.run("doctor").stdout


def test_a_certificate_that_was_renewed_and_not_taken_up_is_told(house):
    place, _, _ = house
    folder = place.data / "tls"
    for file in folder.iterdir():
        file.unlink()
    make_certificate(folder, names=("docket.brand.example",), now=datetime.now(UTC))
    found = examined(place, code=1)
    wrong = {what for what, one in found.items() if not one["ok"]}
    assert wrong == {
        f"certificate at 127.0.0.1:{place.ports[name]}" for name in ("submission", "submissions")
    }
    assert "restart docket serve" in found[wrong.pop()]["mend"]


def test_a_certificate_of_another_name_and_a_sender_without_records_are_told(house):
    place, zone, _ = house
    zone.clear()
    settings = place.data / "config.toml"
    settings.write_text(settings.read_text() + '\n[clients]\nhost = "mail.other.example"\n')
    done = place.run("doctor")
    assert done.returncode == 1
    assert "mail clients are sent to mail.other.example" in done.stdout
    assert "BAD  brand.example: SPF: no record; publish v=spf1" in done.stdout
    assert "4 to mend" in done.stdout
