"""Mail in files and folders."""

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.ingest.files import Found, Skipped, read_mail
from gateway.store import fold
from gateway.store.engine import open_store
from tests.sqlite_locks import is_held

MAIL = b"Subject: x\n\nHello\n"
SEP = b"From anna@shop.example Sat Jan 31 12:00:00 2026\n"


def read(*paths: Path, **options):
    return list(read_mail(paths, **options))


def test_a_file_is_one_message_byte_for_byte_even_if_it_begins_like_an_mbox(tmp_path):
    for name in ("a.eml", "b.txt", "00001.7c53336b37003a9286aba55d2945844c"):
        (tmp_path / name).write_bytes(SEP + MAIL + b"\n" + SEP + MAIL)
    assert [one.raw for one in read(tmp_path)] == [SEP + MAIL + b"\n" + SEP + MAIL] * 3


@pytest.mark.parametrize("name", ["all.mbox", "ALL.MBOX", "mbox", "all.mbx", "Inbox"])
def test_an_mbox_is_known_by_its_name_or_by_a_dated_first_line_where_there_is_no_extension(tmp_path, name):
    (tmp_path / name).write_bytes(SEP + MAIL + b"\n" + SEP + b"Subject: y\n\n>From me\n\n")
    first, second = read(tmp_path)
    assert (first.raw, first.origin) == (MAIL, f"{tmp_path / name}#1")
    assert first.flags == ("MBOX-FROM=anna@shop.example Sat Jan 31 12:00:00 2026",)
    assert second.raw == b"Subject: y\n\nFrom me\n"
    assert second.flags[1] == "MBOX-UNQUOTED=1"


def test_a_maildir_gives_flags_and_the_time_of_delivery(tmp_path):
    for folder in ("cur", "new", "tmp", ".Sent/cur", ".Sent/new", ".Sent/tmp"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "cur/1769860800.M1P2.host:2,RSa").write_bytes(MAIL)
    (tmp_path / "new/1769860801.M1P2.host").write_bytes(SEP + MAIL)
    (tmp_path / "tmp/1769860802.M1P2.host").write_bytes(MAIL)
    (tmp_path / ".Sent/cur/oddly-named!2,FT").write_bytes(b"no header at all")
    (tmp_path / "dovecot-uidlist").write_bytes(b"3 V1769860800 N4\n")
    sent, answered, skipped_tmp_or_list, *rest = read(tmp_path)
    assert (sent.flags, sent.occurred_at, sent.raw) == (("\\Deleted", "\\Flagged"), None, b"no header at all")
    assert answered.flags == ("\\Answered", "\\Seen")
    assert answered.occurred_at == datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    assert "no header field" in skipped_tmp_or_list.reason
    assert rest[0].raw == SEP + MAIL
    assert rest[0].flags == ()
    assert "never finished" in rest[1].reason


REASONS = [
    ("mail.mbox.gz", b"\x1f\x8b\x08\x00", "gzip"),
    ("mail.eml", b"BZh9", "bzip2"),
    ("mails.zip", b"PK\x03\x04", "ZIP"),
    ("outlook.msg", b"\xd0\xcf\x11\xe0\xa1", "Outlook"),
    ("outlook.pst", b"!BDN", "Outlook"),
    ("apple.emlx", b"1234\nSubject: x\n\n", "Apple"),
    ("empty.eml", b"", "empty"),
    ("not.mbox", MAIL, "does not begin with a From line"),
    ("notes.txt", b"Dear diary\n", "no header field"),
    ("big.eml", MAIL * 100, "larger than 1000 bytes"),
]


@pytest.mark.parametrize("name, data, words", REASONS, ids=[row[0] for row in REASONS])
def test_what_is_left_out_says_why(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    (one,) = read(tmp_path, message_bytes=1000)
    assert isinstance(one, Skipped)
    assert one.path == str(tmp_path / name)
    assert words in one.reason


def test_databases_are_not_even_opened_since_one_may_be_ours_and_in_use(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    with store.read() as conn:
        fold.position(conn)
    assert {one.reason for one in read(tmp_path)} == {"is a database, not mail"}
    assert is_held(tmp_path / "store.db-shm")
    store.close()


def test_a_large_message_in_an_mbox_is_left_out_alone(tmp_path):
    (tmp_path / "x.mbox").write_bytes(SEP + MAIL * 100 + b"\n" + SEP + MAIL + b"\n")
    large, small = read(tmp_path, message_bytes=1000)
    assert large == Skipped(path=f"{tmp_path}/x.mbox#1", reason="is larger than 1000 bytes")
    assert small.raw == MAIL


def test_links_pipes_and_sockets_are_left_out_without_waiting_for_them(tmp_path):
    (tmp_path / "a-link.eml").symlink_to("/etc/passwd")
    (tmp_path / "b-folder").symlink_to("/")
    os.mkfifo(tmp_path / "c-pipe.eml")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "d-socket"))
        reasons = [one.reason for one in read(tmp_path)]
    assert [reason.split(",")[0] for reason in reasons] == ["is a symbolic link"] * 2 + [
        "is a named pipe",
        "is a socket",
    ]
    assert [one.reason for one in read(Path("/dev/null"))] == ["is a device, not a file"]


def test_a_link_that_a_person_names_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.eml").write_bytes(MAIL)
    (tmp_path / "link").symlink_to("real")
    assert [one.raw for one in read(tmp_path / "link")] == [MAIL]


def test_a_file_that_a_person_names_needs_no_header(tmp_path):
    (tmp_path / "headless").write_bytes(b"Just words\n")
    assert [one.raw for one in read(tmp_path / "headless")] == [b"Just words\n"]


def test_a_missing_path_is_told(tmp_path):
    assert read(tmp_path / "nothing") == [
        Skipped(path=str(tmp_path / "nothing"), reason="cannot be read: No such file or directory")
    ]


def test_a_file_that_may_not_be_read_is_told(tmp_path):
    (tmp_path / "a.eml").write_bytes(MAIL)
    (tmp_path / "a.eml").chmod(0)
    tmp_path.chmod(0o755)
    was = os.geteuid()
    if was == 0:  # root may read everything, so somebody else looks
        for folder in tmp_path.parents:
            if folder.stat().st_uid == 0 and str(folder).startswith("/tmp/"):
                folder.chmod(0o755)
        os.seteuid(65534)
    try:
        assert [one.reason for one in read(tmp_path)] == ["cannot be read: Permission denied"]
    finally:
        os.seteuid(was)


def test_order_is_by_name_and_names_that_are_no_text_are_shown(tmp_path):
    for name in (b"b.eml", b"a.eml", b"\xff.eml", "é.eml".encode()):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(MAIL)
    assert [one.origin.rpartition("/")[2] for one in read(tmp_path)] == [
        "a.eml",
        "b.eml",
        "é.eml",
        "\\xff.eml",
    ]


def test_real_mail_is_read_whole(shared_data):
    folder = shared_data / "mail"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    found = read(folder)
    assert len(found) == len(files)
    assert all(isinstance(one, Found) and one.raw == Path(one.origin).read_bytes() for one in found)
