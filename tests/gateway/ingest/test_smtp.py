"""Inbound SMTP, in real conversations."""

import smtplib

MAIL = b"Subject: Where is my order?\r\n\r\n.dots\r\n..\r\nHello\r\n"


def test_a_message_is_archived_byte_for_byte_and_answered_with_its_seq(house):
    host, port = house.smtp().split(":")
    with smtplib.SMTP(host, int(port), local_hostname="client.example") as client:
        client.ehlo()
        client.mail("buyer@example.net", ["BODY=8BITMIME", "SIZE=120"])
        client.rcpt("support@shop.example")
        assert client.data(MAIL) == (250, b"2.0.0 Archived 1")
    raw, envelope = house.archive.kept[0]
    assert raw == MAIL
    assert envelope.source == "smtp"
    assert envelope.mail_from == "buyer@example.net"
    assert envelope.rcpt_to == ("support@shop.example",)
    assert envelope.mailbox == "support@shop.example"
    assert envelope.helo == "client.example"
    assert envelope.flags == ("8BITMIME",)
    assert envelope.peer.startswith("127.0.0.1:")
