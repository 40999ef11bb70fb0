"""Submission with real TLS and real clients; the dialogs stand in tests/dialogs."""

import smtplib
import subprocess
import threading

import pytest

from gateway.ingest.submission import header_from

MAIL = b"From: Help <help@shop.example>\r\nTo: b@market.example\r\nSubject: Re: order\r\n\r\nHello\r\n"

_LOGIN = ["--auth-user", "anna", "--auth-password", "secret", "--pipeline", "--from", "help@shop.example"]
_LOGIN += ["--to", "b@market.example"]


def test_the_agent_is_the_login_name_whatever_the_message_says(house, client_context):
    host, port = house.submission().split(":")
    with smtplib.SMTP(host, int(port), local_hostname="laptop") as client:
        client.starttls(context=client_context)
        client.login("anna", "secret")
        client.sendmail("boss@elsewhere.example", ["b@market.example", "c@market.example"], MAIL)
    raw, envelope = house.archive.kept[0]
    assert raw == MAIL
    assert envelope.source == "submission"
    assert envelope.agent == "anna"
    assert envelope.mail_from == "boss@elsewhere.example"
    assert envelope.mailbox == "support@shop.example"
    assert envelope.rcpt_to == ("b@market.example", "c@market.example")
    assert envelope.tls.startswith("TLSv1.3 ")


def test_passwords_are_checked_in_a_thread_of_their_own(house, client_context):
    host, port = house.submission(implicit=True).split(":")
    with smtplib.SMTP_SSL(host, int(port), context=client_context) as client:
        client.login("anna", "secret")
    assert len(house.checked) == 1
    assert house.checked[0] != house._thread.name
    assert house.checked[0] != threading.current_thread().name


def test_without_a_certificate_nobody_can_log_in(house, connect):
    client = connect(house.submission(tls=False)).open()
    assert client.say("AUTH PLAIN AGFubmEAc2VjcmV0").startswith("538 5.7.11 ")
    assert client.say("MAIL FROM:<a@shop.example>").startswith("530 5.7.0 ")


def test_a_client_gone_in_the_middle_of_logging_in_leaves_nothing(house, connect, client_context):
    client = connect(house.submission(implicit=True), context=client_context).open()
    assert client.say("AUTH LOGIN") == "334 VXNlcm5hbWU6"
    client.close()
    house.stop()
    assert house.checked == []


def test_a_policy_refusal_reaches_the_agent_word_for_word(house, connect, client_context):
    from concurrent.futures import Future

    from gateway.receipt import Receipt

    words = "550 5.7.1 Refused by rule amazon/links: “http://shop.example” (archived as 3)"

    def answer(_raw, _envelope):
        future: Future[Receipt] = Future()
        future.set_result(Receipt(seq=3, reply=words))
        return future

    house.archive.answer = answer
    client = connect(house.submission(implicit=True), context=client_context).open()
    assert client.say("AUTH PLAIN AGFubmEAc2VjcmV0").startswith("235 ")
    client.begin()
    client.send(MAIL + b".\r\n")
    assert client.reply() == "550 5.7.1 Refused by rule amazon/links: ?http://shop.example? (archived as 3)"


def logged_in(house, connect, client_context):
    client = connect(house.submission(implicit=True), context=client_context).open()
    assert client.say("AUTH PLAIN AGFubmEAc2VjcmV0").startswith("235 ")
    return client


def test_whose_login_stands_no_more_begins_nothing(house, connect, client_context):
    client = logged_in(house, connect, client_context)
    house.out.add("anna")
    client.send(b"MAIL FROM:<help@shop.example>\r\nRCPT TO:<b@market.example>\r\n")
    assert client.reply() == "530 5.7.0 Your login was changed or taken back; log in again"
    assert client.closed()


def test_a_message_that_was_under_way_when_its_sender_was_shut_out_is_refused(house, connect, client_context):
    client = logged_in(house, connect, client_context).begin()
    client.send(MAIL)
    house.out.add("anna")
    client.send(b".\r\n")
    assert client.reply().startswith("530 5.7.0 ")
    assert client.closed()
    assert house.archive.kept == []


def test_where_a_login_cannot_be_looked_up_its_sender_comes_again(house, connect, client_context):
    client = logged_in(house, connect, client_context).begin()
    house.is_blind = True
    client.send(MAIL + b".\r\n")
    assert client.reply().startswith("451 4.3.0 ")
    assert client.say("MAIL FROM:<help@shop.example>").startswith("451 4.3.0 ")
    house.is_blind = False
    client.begin()
    client.send(MAIL + b".\r\n")
    assert client.reply() == "250 2.0.0 Archived 1"


@pytest.mark.needs("swaks")
@pytest.mark.parametrize(
    "way",
    [["--tls", "--auth", "PLAIN"], ["--tls", "--auth", "LOGIN"], ["--tls-on-connect", "--auth", "LOGIN"]],
)
def test_swaks_logs_in_and_sends(house, way):
    address = house.submission(implicit="--tls-on-connect" in way)
    done = subprocess.run(
        ["swaks", "--server", address, *way, *_LOGIN],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout
    assert "250 2.0.0 Archived 1" in done.stdout


FROMS = [
    (b"From: a@b.example\r\n\r\n", "a@b.example"),
    (b"Subject: x\r\nfrom:\r\n Help\r\n <a@b.example>\r\nTo: c@d.example\r\n\r\n", "a@b.example"),
    (b"X-From: z@b.example\r\nFROM : a@b.example\r\n\r\n", "a@b.example"),
    (b"Subject: x\r\n\r\nFrom: a@b.example\r\n", ""),
    (b"From: \xff\xfe <a@b.example>\r\n\r\n", "a@b.example"),
    (b"From:\r\n\r\n", ""),
    (b"", ""),
]


@pytest.mark.parametrize("raw, address", FROMS, ids=[repr(row[0]) for row in FROMS])
def test_the_from_field_is_read(raw, address):
    assert header_from(raw) == address
