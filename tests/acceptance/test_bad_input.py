"""Any bytes anywhere: a clear error or a listed defect, nothing lost, and never a traceback."""

import base64
import http.client
import os
import random
import smtplib
import subprocess

import pytest

from tests.acceptance.test_serve import archived, send
from tests.installation import MAILBOX, Installation, docket, wait_for

NOISE = [
    b"",
    b"\0",
    b"\xff\xfe\x00\x01" * 9,
    random.Random(7).randbytes(4000),
    b"[" * 5000,
    b"a = " + b"[" * 5000,
    b'x = "\xc3\x28"',
    b"mailbox = 3\n",
    b'data = ""\n[listen]\nweb = "nonsense"\n[[mailbox]]\naddress = "a@b.example"\n',
    b"[limits]\nmessage_bytes = -1e999\n",
]


def is_told(done: subprocess.CompletedProcess) -> None:
    """A command that cannot go on says so in one line and with a code that scripts understand."""
    err = done.stderr if isinstance(done.stderr, str) else done.stderr.decode("utf-8", "replace")
    assert "Traceback" not in err, err
    if done.returncode:
        assert done.returncode in {1, 2}, err
        assert err.strip()
        assert err.count("\n") <= 4, err


@pytest.fixture(scope="module")
def quiet(new_installation, tmp_path_factory):
    """Return an installation with one message, its service not running."""
    place = new_installation()
    mail = tmp_path_factory.mktemp("mail") / "one.eml"
    mail.write_bytes(b"Subject: one\r\n\r\nHello.\r\n")
    place.json("import", mail)
    return place


@pytest.fixture
def other_book(quiet):
    """Return a function that puts any bytes in the place of the rule book, until the test ends."""
    book = quiet.data / "rules.toml"
    before = book.read_bytes()
    yield book.write_bytes
    book.write_bytes(before)


@pytest.mark.parametrize("number", range(len(NOISE)))
def test_any_bytes_as_settings(number, tmp_path):
    settings = tmp_path / "config.toml"
    settings.write_bytes(NOISE[number])
    done = docket("--config", settings, "status", cwd=tmp_path)
    is_told(done)
    assert done.returncode == 2


@pytest.mark.parametrize("number", range(1, len(NOISE)))
def test_any_bytes_as_a_rule_book(number, quiet, other_book):
    other_book(NOISE[number])
    done = quiet.run("rules", "check")
    is_told(done)
    assert done.returncode == 2
    assert "rules.toml" in done.stderr or "rule" in done.stderr


@pytest.mark.parametrize(
    "query",
    ["(" * 3000, '"' * 999, "order:", "from:\udcff", "\x1b[31m\x00x".replace("\x00", ""), "a~~~~", "*", "before:2026-13-45",
     "-" * 2000, "tag:" + "x" * 60_000, " OR ".join("abcdefgh"), "𝕬𝖒𝖆𝖟𝖔𝖓 注文 \u202e"],
    ids=range(12),
)  # fmt: skip
def test_any_query(query, quiet):
    done = quiet.run("search", query.encode("utf-8", "surrogateescape"), "--json")
    is_told(done)
    assert done.returncode in {0, 2}
    assert (done.returncode == 2) == bool(done.stderr)


def test_any_file_is_inspected_and_imported(quiet, tmp_path):
    folder = tmp_path / "mail"
    folder.mkdir()
    for number, noise in enumerate(NOISE):
        (folder / f"{number}.eml").write_bytes(noise)
    (folder / "headers.eml").write_bytes(b"X-A: b\r\n" * 100_000 + b"Subject: many\r\n\r\nmanyheaders\r\n")
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(5000)
    )
    (folder / "deep.eml").write_bytes(b"Subject: deep\r\n" + deep + b"\r\ndeeptext\r\n")
    done = docket("inspect", *sorted(folder.iterdir()), "--json")
    is_told(done)
    assert done.stdout.count("\n") == len(list(folder.iterdir()))
    (report,) = quiet.json("import", folder)
    assert report["read"] == len(list(folder.iterdir()))
    assert [each["file"].rpartition("/")[2] for each in report["skipped"]] == ["0.eml"]
    (hit,) = quiet.json("search", "manyheaders")
    assert quiet.raw(hit["seq"]) == (folder / "headers.eml").read_bytes()
    (hit,) = quiet.json("search", "subject:deep")
    (shown,) = quiet.json("show", hit["seq"])
    assert shown["defects"]
    quiet.is_clean()


@pytest.mark.parametrize(
    "path",
    [b"/%00", b"/message/%ff%fe", b"/message/99999999999999999999999", b"/../../etc/passwd", b"/order/%22%3E/" + b"a" * 4000,
     b"/search?q=%28%28%28", b"/message/-1/raw", b"//", b"/static/..%2f..%2fconfig.toml"],
    ids=range(9),
)  # fmt: skip
def test_any_url(path, service):
    client = http.client.HTTPConnection("127.0.0.1", service.ports["web"], timeout=30)
    client.putrequest("GET", path.decode("latin-1"), skip_accept_encoding=True)
    client.endheaders()
    answer = client.getresponse()
    page = answer.read()
    client.close()
    assert answer.status < 500
    assert b"Traceback" not in page
    assert b"secrets" not in page
    assert not service.ended()


def test_fifty_megabytes_are_taken_whole_or_refused_by_size(service):
    limit = 50 * 1024 * 1024
    line = b"0123456789abcdef" * 4 + b"\r\n"
    body = b"Subject: large\r\n\r\n" + line * ((limit - 1000) // len(line))
    with smtplib.SMTP("127.0.0.1", service.ports["smtp"], timeout=120) as client:
        client.ehlo("client.example")
        assert int(client.esmtp_features["size"]) == limit
        code, reply = client.mail("b@shop.example", [f"SIZE={limit + 1}"])
        assert code == 552, reply
        code, reply = send(client, body)
        assert code == 250, reply
        seq = archived(reply)
        code, reply = send(client, body + line * 100)  # one that did not say how large it is
        assert code == 552, reply
    assert service.raw(seq) == body
    service.settled()


def test_ten_thousand_recipients_are_answered_one_by_one(service):
    with smtplib.SMTP("127.0.0.1", service.ports["smtp"], timeout=60) as client:
        client.ehlo("client.example")
        assert client.mail("b@shop.example")[0] == 250
        client.sock.sendall(b"RCPT TO:<%s>\r\n" % MAILBOX.encode() * 10_000)
        codes = [client.getreply()[0] for _ in range(10_000)]
        assert codes[:100] == [250] * 100
        assert set(codes[100:]) == {452}
        assert client.docmd("DATA")[0] == 354
        client.sock.sendall(b"Subject: crowd\r\n\r\nquestion\r\n.\r\n")
        assert client.getreply()[0] == 250
    service.settled()
    assert "Traceback" not in service.log()


HEADER = b"Subject: %d\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"


@pytest.fixture
def small_disk(tmp_path):
    """Return a folder on a file system of its own with little room, and a function that changes its options."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", place], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk here: {mounted.stderr}")

    def remount(options):
        subprocess.run(["mount", "-o", f"remount,{options}", place], check=True, capture_output=True)

    yield place, remount
    subprocess.run(["umount", "--lazy", place], check=True, capture_output=True)


def test_a_full_disk_is_answered_452_and_service_resumes_when_there_is_room(small_disk):
    disk, remount = small_disk
    place = Installation(disk / "data").create()
    place.start()
    try:
        promised, codes = {}, []
        rng = random.Random(1)
        with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=60) as client:
            client.ehlo("client.example")
            for number in range(200):
                # what does not compress, and is not read as words
                noise = base64.encodebytes(rng.randbytes(200_000)).replace(b"\n", b"\r\n")
                raw = HEADER % number + noise
                code, reply = send(client, raw)
                codes.append(code)
                if code == 250:
                    promised[archived(reply)] = raw
                elif codes[-3:] == [452] * 3:
                    break
            assert set(codes) == {250, 452}, codes
            remount("size=200m")
            code, reply = send(client, b"Subject: after\r\n\r\nroomagain\r\n")
            assert code == 250, reply
        wait_for(lambda: place.json("search", "roomagain"), seconds=60, why=place.log)
        with place.archive() as archive:
            assert {seq: archive.entry(seq).payload for seq in promised} == promised
        place.settled()
        place.is_clean()
        assert place.stop() == 0
    finally:
        if not place.ended():
            place.kill()


def test_a_read_only_disk_is_never_answered_250(small_disk):
    disk, remount = small_disk
    place = Installation(disk / "data").create()
    (disk / "one.eml").write_bytes(b"Subject: one\r\n\r\nHello.\r\n")
    place.json("import", disk / "one.eml")
    remount("ro")
    for arguments in (("import", disk / "one.eml"), ("note", "0", "text"), ("serve",), ("rebuild",)):
        done = place.run(*arguments)
        is_told(done)
        assert done.returncode in {1, 2}, arguments
    remount("rw")
    place.is_clean()
