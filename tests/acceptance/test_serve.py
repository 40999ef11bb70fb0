"""Real mail over real sockets into ``docket serve``: what is acknowledged is kept byte for byte."""

import itertools
import re
import smtplib
import socket
import ssl
import subprocess

import pytest

from tests.installation import AGENT, MAILBOX, PASSWORD, wait_for

BUYER = "buyer@shop.example"


def on_the_wire(raw: bytes) -> bytes:
    """Return what a client's DATA carries of a file, after dot-unstuffing: every line ends with CRLF."""
    return re.sub(rb"\r\n|\r|\n", b"\r\n", raw.removesuffix(b"\n").removesuffix(b"\r")) + b"\r\n"


def archived(reply: bytes) -> int:
    found = re.fullmatch(rb"2\.0\.0 Archived (\d+)", reply)
    assert found, reply
    return int(found[1])


def send(client: smtplib.SMTP, raw: bytes, sender: str = BUYER, *recipients: str) -> tuple[int, bytes]:
    """Send one message without smtplib's own rewriting of it, and return the answer to its final dot."""
    assert client.mail(sender, ["BODY=8BITMIME"])[0] == 250
    for recipient in recipients or (MAILBOX,):
        assert client.rcpt(recipient)[0] == 250
    assert client.docmd("DATA")[0] == 354
    client.sock.sendall(re.sub(rb"(?m)^\.", b"..", raw) + b".\r\n")
    return client.getreply()


def test_sixty_real_messages_are_kept_byte_for_byte_tagged_found_and_delivered(
    service, delivered, shared_data
):
    folders = [sorted(folder.iterdir()) for folder in sorted((shared_data / "mail").iterdir())]
    files = [file for group in itertools.islice(zip(*folders, strict=False), 20) for file in group]
    journal = {}
    with smtplib.SMTP("127.0.0.1", service.ports["smtp"], timeout=30) as client:
        client.ehlo("client.example")
        for file in files:
            raw = on_the_wire(file.read_bytes())
            code, reply = send(client, raw)
            assert code == 250, (file, reply)
            journal[archived(reply)] = raw
    assert len(journal) == len(files) == 60
    with service.archive() as archive:  # and the command itself for some
        assert {seq: archive.entry(seq).payload for seq in journal} == journal
    for seq in list(journal)[::12]:
        assert service.raw(seq) == journal[seq]
    service.settled()
    service.is_clean()
    wait_for(lambda: len(delivered.taken) >= 60)
    ends = {taken.raw for taken in delivered.taken}
    assert all(any(taken.endswith(raw) for taken in ends) for raw in journal.values())


def test_what_was_said_is_found(service):
    with smtplib.SMTP("127.0.0.1", service.ports["smtp"], timeout=30) as client:
        seqs = []
        for text in ("The zanzibar teapot leaks.", "Bestellung 302-4937261-8841957: Übergröße"):
            mail = f"From: {BUYER}\r\nSubject: A question\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
            client.ehlo_or_helo_if_needed()
            code, reply = send(client, mail.encode())
            assert code == 250
            seqs.append(archived(reply))
    service.settled()
    for query, seq in (
        ("zanzibar", seqs[0]),
        ('"teapot leaks"', seqs[0]),
        ("order:302-4937261-8841957", seqs[1]),
        ("order:30249372618841957", seqs[1]),
        ("ubergrosse", seqs[1]),
    ):
        found = [hit["seq"] for hit in service.json("search", query)]
        assert found == [seq], query


def test_a_bare_line_feed_is_refused_and_nothing_is_kept(service):
    (before,) = service.json("status")
    for smuggled in (b"a\nb\r\n", b"a\n.\r\nMAIL FROM:<x@y.example>\r\n", b"a\r.\r\n"):
        with smtplib.SMTP("127.0.0.1", service.ports["smtp"], timeout=30) as client:
            client.ehlo("client.example")
            assert client.mail(BUYER)[0] == client.rcpt(MAILBOX)[0] == 250
            assert client.docmd("DATA")[0] == 354
            client.sock.sendall(b"Subject: smuggled\r\n\r\n" + smuggled + b"\r\n.\r\n")
            code, reply = client.getreply()
            assert code // 100 == 5, reply
            client.close()
    (after,) = service.json("status")
    assert after["archive"]["size"] == before["archive"]["size"]


def test_lmtp_answers_once_for_each_recipient_with_the_same_entry(service):
    with socket.create_connection(("127.0.0.1", service.ports["lmtp"]), timeout=30) as sock:
        lines = sock.makefile("rb")

        def say(text: bytes) -> bytes:
            sock.sendall(text)
            while (line := lines.readline())[3:4] == b"-":
                pass
            return line

        assert lines.readline().startswith(b"220 ")
        assert say(b"LHLO mx.example\r\n").startswith(b"250 ")
        assert say(b"MAIL FROM:<b@shop.example>\r\n").startswith(b"250 ")
        assert say(f"RCPT TO:<{MAILBOX}>\r\n".encode()).startswith(b"250 ")
        assert say(b"RCPT TO:<nobody@brand.example>\r\n").startswith(b"550 ")
        assert say(f"RCPT TO:<{MAILBOX.upper()}>\r\n".encode()).startswith(b"250 ")
        assert say(b"DATA\r\n").startswith(b"354 ")
        first = say(b"Subject: twice\r\n\r\nover LMTP\r\n.\r\n")
        assert first == lines.readline()
        assert service.raw(archived(first[4:].strip())) == b"Subject: twice\r\n\r\nover LMTP\r\n"


@pytest.mark.needs("swaks")
@pytest.mark.parametrize(
    ("listener", "options", "said"),
    [
        ("submission", ["-tls", "-au", AGENT, "-ap", PASSWORD], "250 2.0.0 Archived"),
        ("submissions", ["--tls-on-connect", "-au", AGENT, "-ap", PASSWORD], "250 2.0.0 Archived"),
        ("submission", ["-tls", "-au", AGENT, "-ap", "wrong horse"], "535 5.7.8"),
        ("submissions", ["--tls-on-connect", "-au", AGENT, "-ap", "wrong horse"], "535 5.7.8"),
        ("submission", ["-tls"], "530 5.7.0"),
    ],
)
def test_an_agents_mail_client_logs_in_and_sends(service, listener, options, said):
    server = f"127.0.0.1:{service.ports[listener]}"
    people = ["--from", MAILBOX, "--to", "buyer@marketplace.amazon.de"]
    done = subprocess.run(
        ["swaks", "--server", server, *people, *options, "--auth-hide-password"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert said in done.stdout, done.stdout + done.stderr
    assert (done.returncode == 0) == said.startswith("250")


@pytest.mark.needs("swaks")
def test_no_password_is_asked_for_in_the_clear(service):
    server = f"127.0.0.1:{service.ports['submission']}"
    done = subprocess.run(
        ["swaks", "--server", server, "--to", BUYER, "--auth", "PLAIN", "-au", AGENT, "-ap", PASSWORD],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "AUTH" not in done.stdout.partition("EHLO")[2].partition("QUIT")[0].replace("AUTHENTICATION", "")


def test_the_certificate_is_the_one_that_init_made(service):
    context = ssl.create_default_context(cafile=service.data / "tls" / "certificate.pem")
    with smtplib.SMTP_SSL("localhost", service.ports["submissions"], context=context, timeout=30) as client:
        assert client.login(AGENT, PASSWORD)[0] == 235
