"""Deadlines, caps and the ends of connections."""

import logging
from concurrent.futures import Future
from threading import Event

import pytest

from gateway.ingest.smtp import SmtpConnection
from gateway.receipt import Receipt

WAITING = [
    ("for a greeting", {"command_s": 0.05}, b""),
    ("for the rest of a command", {"command_s": 0.05}, b"NOO"),
    ("for longer than any connection may last", {"connection_s": 0.05}, b""),
]


@pytest.mark.parametrize("limits, said", [row[1:] for row in WAITING], ids=[row[0] for row in WAITING])
def test_a_client_is_not_waited_for(house, connect, limits, said):
    client = connect(house.smtp(**limits))
    assert client.reply().startswith("220 ")
    client.send(said)
    assert client.reply().startswith("421 4.4.2 ")
    assert client.closed()


def test_a_message_that_stops_coming_is_not_waited_for(house, connect):
    client = connect(house.smtp(data_s=0.05)).open().begin()
    client.send(b"Subject: half")
    assert client.reply().startswith("421 4.4.2 ")
    assert client.closed()
    assert house.archive.kept == []


def test_a_message_that_trickles_is_not_waited_for(house, connect):
    client = connect(house.smtp(data_s=0.2, data_bytes_per_s=100_000)).open().begin()
    client.socket.settimeout(0.02)
    sent = 0
    while sent < 1000:  # 50 bytes a second: never idle for data_s, but far below the rate
        client.send(b"x")
        sent += 1
        try:
            reply = client.socket.recv(100)
        except TimeoutError:
            continue
        assert reply.startswith(b"421 4.4.2 ")
        break
    assert sent < 50


def test_a_message_without_end_is_cut_off(house, connect):
    client = connect(house.smtp(message_bytes=1000)).open().begin()
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        client.send(b"x" * 65_536_000)
    assert house.archive.kept == []


def test_a_client_that_never_reads_is_cut_off(house, connect):
    class Impatient(SmtpConnection):
        linger_s = 0.1

    service = house.service(command_s=0.1, commands=10**9)
    client = connect(house.listen(lambda: Impatient(service, knows=lambda _: None)))
    client.socket.settimeout(60)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        client.send(b"EHLO x\r\n" * 5_000_000)  # the answers fill what the kernel holds for us


def test_a_client_that_floods_does_not_keep_others_waiting(house, connect):
    asked, all_sent = [], Event()

    def knows(address):
        if not asked:
            all_sent.wait(10)  # hold the loop, so that all that follows lies ready when it goes on
        asked.append(address)

    service = house.service(errors=10**6)
    address = house.listen(lambda: SmtpConnection(service, knows=knows))
    flood, other = connect(address).open(), connect(address).open()
    for client in (flood, other):
        client.say("MAIL FROM:<a@example.net>")
    flood.send(b"RCPT TO:<first@x.example>\r\n")
    flood.send(b"RCPT TO:<more@x.example>\r\n" * 2000)
    other.send(b"RCPT TO:<other@x.example>\r\n")
    all_sent.set()
    other.reply()
    assert asked.index("other@x.example") < 500


def test_a_line_without_end_is_refused_and_the_connection_closed(house, connect):
    client = connect(house.smtp())
    client.reply()
    client.send(b"x" * 70_000)
    assert client.reply().startswith("500 5.5.2 ")
    assert client.closed()


def test_too_many_connections_are_turned_away_until_one_leaves(house, connect):
    address = house.smtp(connections_per_peer=2)
    first, _second = connect(address).open(), connect(address).open()
    third = connect(address)
    assert third.reply().startswith("421 4.7.0 ")
    assert third.closed()
    assert first.say("QUIT").startswith("221 ")
    assert first.closed()
    assert connect(address).open().say("NOOP").startswith("250 ")


def test_a_fault_in_a_command_is_451_without_its_text(house, connect, caplog):
    def knows(_address):
        raise RuntimeError("secret")

    service = house.service()
    client = connect(house.listen(lambda: SmtpConnection(service, knows=knows))).open()
    client.say("MAIL FROM:<a@example.net>")
    assert (
        client.say("RCPT TO:<support@shop.example>") == "451 4.3.0 Local error in processing; try again later"
    )
    assert client.say("NOOP").startswith("250 ")
    assert "event=fault" in caplog.text


def test_stopping_says_goodbye_and_answers_what_is_in_the_archives_hands(house, connect):
    future: Future[Receipt] = Future()
    asked = Event()

    def answer(_raw, _envelope):
        asked.set()
        return future

    house.archive.answer = answer
    address = house.smtp()
    idle = connect(address).open()
    busy = connect(address).open().begin()
    busy.send(b"Subject: x\r\n\r\n.\r\n")
    assert asked.wait(10)
    stopping = house.stopping()
    assert idle.reply().startswith("421 4.3.2 ")
    assert idle.closed()
    future.set_result(Receipt(seq=1, reply="250 2.0.0 Archived 1"))
    assert busy.reply() == "250 2.0.0 Archived 1"
    assert busy.reply().startswith("421 4.3.2 ")
    assert busy.closed()
    stopping()
    with pytest.raises(ConnectionRefusedError):
        connect(address)


def test_a_failed_tls_handshake_closes_the_connection_quietly(house, connect):
    client = connect(house.smtp(tls=True)).open()
    assert client.say("STARTTLS").startswith("220 ")
    client.send(b"EHLO this is not TLS\r\n")
    assert b"250" not in client.socket.makefile("rb").read()


def test_logs_hold_neither_addresses_nor_words_of_the_mail(house, connect, caplog):
    caplog.set_level(logging.DEBUG)
    client = connect(house.smtp()).open().begin()
    client.say("Subject: confidential\r\n\r\nvery private\r\n.")
    client.say("QUIT")
    for words in ("buyer", "support", "confidential", "private", "QUIT"):
        assert words not in caplog.text


def test_a_handshake_that_never_comes_is_not_waited_for(house, connect):
    client = connect(house.smtp(tls=True, handshake_s=0.05)).open()
    assert client.say("STARTTLS").startswith("220 ")
    assert client.socket.recv(100) == b""
