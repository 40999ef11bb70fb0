"""Inbound SMTP, in real conversations; the plain dialogs stand in tests/dialogs."""

import asyncio
import smtplib
import socket
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from gateway.errors import ArchiveBroken, Permanent, Temporary
from gateway.receipt import Receipt

MAIL = b"Subject: Where is my order?\r\n\r\n.dots\r\n..\r\nHello\r\n"
DIALOG = (
    b"EHLO client.example\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<support@shop.example>\r\nDATA\r\n"
    b"S: 1\r\n\r\n..\r\n.\r\nQUIT\r\n"
)


def test_a_message_is_archived_byte_for_byte_and_answered_with_its_seq(house):
    host, port = house.smtp().split(":")
    with smtplib.SMTP(host, int(port), local_hostname="client.example") as client:
        client.ehlo()
        client.mail("buyer@example.net", ["BODY=8BITMIME", "SIZE=120", "RET=HDRS", "ENVID=Qq1"])
        client.rcpt("Support@shop.example", ["NOTIFY=NEVER"])
        assert client.data(MAIL) == (250, b"2.0.0 Archived 1")
    raw, envelope = house.archive.kept[0]
    assert raw == MAIL
    assert envelope.source == "smtp"
    assert envelope.mail_from == "buyer@example.net"
    assert envelope.rcpt_to == ("Support@shop.example",)
    assert envelope.mailbox == "support@shop.example"
    assert envelope.helo == "client.example"
    assert envelope.tls == ""
    assert envelope.trusted is False
    assert envelope.received_at == house.now
    assert envelope.flags == ("8BITMIME", "RET=HDRS", "ENVID=Qq1", "RCPT=<Support@shop.example> NOTIFY=NEVER")
    assert envelope.peer.startswith("127.0.0.1:")


def test_the_null_sender_is_an_empty_string(house, connect):
    client = connect(house.smtp()).open()
    for line in ("MAIL FROM:<>", "RCPT TO:<support@shop.example>", "DATA"):
        client.say(line)
    assert client.say(".") == "250 2.0.0 Archived 1"
    assert house.archive.kept[0][1].mail_from == ""


def test_tls_and_cipher_are_kept(house, client_context):
    host, port = house.smtp(tls=True).split(":")
    with smtplib.SMTP(host, int(port)) as client:
        client.starttls(context=client_context)
        client.sendmail("a@example.net", ["support@shop.example"], MAIL)
    assert house.archive.kept[0][1].tls.startswith("TLSv1.3 TLS_")


def test_a_trusted_peer_is_marked(house):
    host, port = house.smtp().split(":")
    with smtplib.SMTP(host, int(port), source_address=("127.0.0.2", 0)) as client:
        client.sendmail("a@example.net", ["support@shop.example"], MAIL)
    assert house.archive.kept[0][1].trusted is True


def test_a_dialog_cut_at_every_byte_reads_the_same(house, connect):
    address = house.smtp(connections_per_peer=1000)
    for cut in range(1, len(DIALOG)):
        client = connect(address)
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.send(DIALOG[:cut])
        client.reply()  # the greeting has come, so the first part is on its way
        client.send(DIALOG[cut:])
        replies = [client.reply()[:9] for _ in range(6)]
        assert replies[1:] == ["250 2.1.0", "250 2.1.5", "354 End d", "250 2.0.0", "221 2.0.0"], cut
        client.close()
    assert {raw for raw, _ in house.archive.kept} == {b"S: 1\r\n\r\n.\r\n"}
    assert len(house.archive.kept) == len(DIALOG) - 1


def test_a_client_that_closes_its_half_is_still_answered(house, connect):
    client = connect(house.smtp())
    client.send(DIALOG.removesuffix(b"QUIT\r\n"))
    client.socket.shutdown(socket.SHUT_WR)
    replies = [client.reply()[:3] for _ in range(6)]
    assert replies == ["220", "250", "250", "250", "354", "250"]
    assert client.closed()
    assert len(house.archive.kept) == 1


def test_a_message_cut_off_in_the_middle_is_not_kept(house, connect):
    client = connect(house.smtp()).open().begin()
    client.send(b"Subject: half\r\n\r\nHello\r\n.\r")
    client.socket.shutdown(socket.SHUT_WR)
    assert client.closed()
    assert house.archive.kept == []


def test_a_hundred_clients_at_once_are_each_answered_once(house):
    host, port = house.smtp().split(":")

    def send(number: int) -> bytes:
        with smtplib.SMTP(host, int(port), local_hostname="c.example", timeout=20) as client:
            client.ehlo()
            client.mail(f"{number}@example.net")
            client.rcpt("support@shop.example")
            return client.data(f"Subject: {number}\r\n\r\n".encode())[1]

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(send, range(100)))
    assert sorted(answers) == sorted(f"2.0.0 Archived {n}".encode() for n in range(1, 101))
    assert {envelope.mail_from for _, envelope in house.archive.kept} == {
        f"{n}@example.net" for n in range(100)
    }


FAULTS = [
    (Temporary("disk full", "452 4.3.1 No room at the moment"), "452 4.3.1 No room at the moment"),
    (Permanent("no", "554 5.7.1 Not here"), "554 5.7.1 Not here"),
    (RuntimeError("postgresql://user:secret@db"), "451 4.3.0 Local error in processing; try again later"),
    (OSError(28, "No space left"), "451 4.3.0 Local error in processing; try again later"),
]


@pytest.mark.parametrize("fault, reply", FAULTS, ids=[type(row[0]).__name__ for row in FAULTS])
def test_a_fault_is_answered_without_its_internals_and_the_session_goes_on(house, connect, fault, reply):
    house.archive.raises(fault)
    client = connect(house.smtp()).open().begin()
    assert client.say("Subject: x\r\n\r\n.") == reply
    assert client.say("NOOP").startswith("250 ")


def test_a_broken_archive_is_told_to_the_operator_and_closes_the_connection(house, connect):
    house.archive.raises(ArchiveBroken("fsync failed"))
    client = connect(house.smtp()).open().begin()
    assert client.say("Subject: x\r\n\r\n.") == ArchiveBroken.reply
    assert client.closed()
    assert [str(wrong) for wrong in house.archive.broken] == ["fsync failed"]


def test_a_fault_before_the_archive_is_451_as_well(house, connect):
    def answer(_raw, _envelope):
        raise ValueError("secret")

    house.archive.answer = answer
    client = connect(house.smtp()).open().begin()
    assert client.say("Subject: x\r\n\r\n.").startswith("451 4.3.0 ")


def test_an_archive_that_does_not_answer_is_451_and_its_late_answer_is_not_lost_on_the_log(
    house, connect, caplog
):
    future: Future[Receipt] = Future()
    house.archive.answer = lambda _raw, _envelope: future
    client = connect(house.smtp(archive_s=0.02)).open().begin()
    assert client.say("Subject: x\r\n\r\n.").startswith("451 4.3.0 ")
    assert not future.cancelled()
    future.set_result(Receipt(seq=7, reply="250 2.0.0 Archived 7"))
    house.run(_settled())
    assert client.say("NOOP").startswith("250 ")
    assert "event=unheard" in caplog.text


def test_a_client_that_leaves_before_its_answer_leaves_the_append_alone(house, connect, caplog):
    future: Future[Receipt] = Future()
    asked = Event()

    def answer(_raw, _envelope):
        asked.set()
        return future

    house.archive.answer = answer
    client = connect(house.smtp()).open().begin()
    client.send(b"Subject: x\r\n\r\n.\r\n")
    assert asked.wait(10)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close with RST
    client.close()
    house.stop()
    assert future.set_running_or_notify_cancel()
    future.set_result(Receipt(seq=7, reply="250 2.0.0 Archived 7"))
    house.run(_settled())
    assert "event=unheard" in caplog.text


async def _settled() -> None:
    """Return when all that was called before, and what that called, has run."""
    for _ in range(3):
        await asyncio.sleep(0)


def test_a_message_that_goes_round_in_circles_is_refused(house, connect):
    client = connect(house.smtp(hops=3)).open().begin()
    assert client.say("Received: x\r\n" * 3 + "\r\nReceived: in the body\r\n.").startswith("250 ")
    client.begin()
    assert client.say("Received: x\r\n" * 4 + "\r\n.").startswith("554 5.4.6 ")


@pytest.mark.needs("swaks")
def test_swaks_delivers_with_pipelining_and_starttls(house):
    address = house.smtp(tls=True)
    done = subprocess.run(
        [
            "swaks",
            "--server",
            address,
            "--tls",
            "--pipeline",
            "--from",
            "a@example.net",
            "--to",
            "support@shop.example",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout
    assert "250 2.0.0 Archived 1" in done.stdout
