"""LMTP; its dialog stands in tests/dialogs/lmtp.smtp."""

import smtplib
import stat

import pytest


def test_a_mail_server_next_to_us_hands_its_mail_over(house):
    host, port = house.lmtp().split(":")
    with smtplib.LMTP(host, int(port), local_hostname="relay.example") as client:
        assert client.sendmail("a@example.net", ["support@shop.example"], b"Subject: x\r\n\r\n") == {}
    assert house.archive.kept[0][0] == b"Subject: x\r\n\r\n"
    assert house.archive.kept[0][1].source == "lmtp"


def test_recipients_share_one_entry(house, connect):
    client = connect(house.lmtp()).open("LHLO relay.example").begin()
    client.say(".")
    client.say("MAIL FROM:<a@example.net>")
    for address in ("support@shop.example", "help@shop.example"):
        client.say(f"RCPT TO:<{address}>")
    client.say("DATA")
    assert [client.say("."), client.reply()] == ["250 2.0.0 Archived 2"] * 2
    assert house.archive.kept[1][1].rcpt_to == ("support@shop.example", "help@shop.example")


def test_a_socket_file_serves_only_its_group_and_its_peer_is_the_machine_itself(house, connect, tmp_path):
    place = tmp_path / "lmtp.sock"
    client = connect(house.lmtp(f"unix:{place}")).open("LHLO relay.example").begin()
    assert stat.S_IMODE(place.stat().st_mode) == 0o660
    assert client.say("Subject: x\r\n\r\n.") == "250 2.0.0 Archived 1"
    assert house.archive.kept[0][1].peer == "unix"
    assert house.archive.kept[0][1].trusted is True


@pytest.mark.parametrize("recipients", [1, 3])
def test_a_refused_message_is_refused_for_each_recipient(house, connect, recipients):
    client = connect(house.lmtp()).open("LHLO relay.example")
    client.say("MAIL FROM:<a@example.net>")
    for _ in range(recipients):
        client.say("RCPT TO:<support@shop.example>")
    client.say("DATA")
    client.send(b"bare\nLF\r\n.\r\n")
    assert [client.reply()[:9] for _ in range(recipients)] == ["554 5.6.0"] * recipients
    assert client.say("NOOP").startswith("250 ")
