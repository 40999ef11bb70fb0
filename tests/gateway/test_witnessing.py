"""Checkpoints handed to others: written, mailed, recorded, and held against the log years later."""

from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser

import pytest

from gateway.archive.archive import Archive, create_archive
from gateway.archive.kept import kept_in, notes_in
from gateway.clock import FixedClock
from gateway.errors import WrongUse
from gateway.mail.entry import Draft
from gateway.relay.smtp import SmtpTransport
from gateway.witnessing import Witnessing, folder_witness, last_told, mail_witness
from tests.sink import sink

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
OUTSIDE = "tax@adviser.example"


@pytest.fixture
def clock():
    return FixedClock(AT)


@pytest.fixture
def archive(tmp_path, clock):
    urls = f"sqlite:///{tmp_path}/archive.db", f"sqlite:///{tmp_path}/keys.db"
    create_archive(*urls, tmp_path / "secrets", "docket/brand.example", clock)
    archive = Archive(*urls, tmp_path / "secrets", clock=clock)
    fill(archive, 3)
    yield archive
    archive.close()


@pytest.fixture
def drive(tmp_path):
    place = tmp_path / "drive"
    place.mkdir()
    return place


def fill(archive, count):
    for _ in range(count):
        archive.append(Draft(type="mail.in", payload=b"Subject: a\r\n\r\n", meta={"source": "smtp"}))


def to_folder(archive, drive, clock):
    return Witnessing(archive, [folder_witness(drive, archive.verifier.vkey())], clock)


def by_mail(archive, port, clock):
    send = SmtpTransport("127.0.0.1", port, tls="none", hostname="docket.brand.example")
    witness = mail_witness(
        OUTSIDE,
        send,
        archive.verifier.vkey(),
        sender="support@brand.example",
        hostname="docket.brand.example",
    )
    return Witnessing(archive, [witness], clock)


def test_a_folder_gets_the_checkpoint_and_the_key_and_the_log_says_so(archive, drive, clock):
    told, failed = to_folder(archive, drive, clock).hand_out()
    assert ([one.size for one in told], failed) == ([3], [])
    assert sorted(one.name for one in drive.iterdir()) == [
        "docket-brand.example-20261123T080000Z-3.checkpoint.txt",
        "docket-brand.example.vkey",
    ]
    ((_, note),) = kept_in(drive)
    assert archive.compare(note).ok
    garbled = drive / "garbled.checkpoint.txt"
    garbled.write_text(note.replace("=", "~"))
    assert dict(kept_in(drive))[garbled] == ""
    (entry,) = archive.entries(0, types={"witness"})
    assert str(drive).encode() in entry.payload


def test_what_was_handed_out_is_not_handed_out_again_before_its_time(archive, drive, clock):
    witnessing = to_folder(archive, drive, clock)
    witnessing.hand_out(every_s=3600)
    fill(archive, 1)
    assert witnessing.hand_out(every_s=3600) == ([], [])
    clock.at += timedelta(hours=1)
    told, _ = witnessing.hand_out(every_s=3600)
    assert [one.size for one in told] == [5]


def test_a_log_that_has_only_told_of_itself_is_not_handed_out_again(archive, drive, clock):
    witnessing = to_folder(archive, drive, clock)
    witnessing.hand_out()
    clock.at += timedelta(days=10)
    assert witnessing.hand_out(every_s=3600) == ([], [])


def test_after_a_restart_the_log_knows_when_it_was_handed_out_last(archive, drive, clock):
    to_folder(archive, drive, clock).hand_out()
    fill(archive, 1)
    assert to_folder(archive, drive, clock).hand_out(every_s=3600) == ([], [])
    assert last_told(archive)[str(drive)].size == 3


def test_a_drive_that_is_not_mounted_is_no_witness_and_is_not_made(archive, tmp_path, clock):
    told, (wrong,) = to_folder(archive, tmp_path / "away", clock).hand_out()
    assert not told
    assert "mount the drive" in str(wrong)
    assert not (tmp_path / "away").exists()
    assert not list(archive.entries(0, types={"witness"}))


def test_an_outside_address_gets_a_mail_that_can_be_checked_as_it_was_received(archive, tmp_path, clock):
    with sink() as server:
        told, failed = by_mail(archive, server.port, clock).hand_out()
    assert ([one.to for one in told], failed) == ([OUTSIDE], [])
    (taken,) = server.taken
    assert taken.recipients == (OUTSIDE,)
    mail = BytesParser(policy=policy.default).parsebytes(taken.raw)
    assert "docket/brand.example had 3 entries" in mail.get_body().get_content()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["checkpoint.txt", "log.vkey"]
    (tmp_path / "kept.eml").write_bytes(taken.raw)
    fill(archive, 2)
    ((_, note),) = kept_in(tmp_path / "kept.eml")
    assert (
        archive.compare(note).what
        == "the archive still contains all that was signed then: 3 of its 6 entries"
    )


def test_a_mail_server_that_is_away_is_told_of_and_nothing_is_recorded(archive, free_port, clock):
    told, (wrong,) = by_mail(archive, free_port(), clock).hand_out()
    assert not told
    assert OUTSIDE in str(wrong)
    assert not list(archive.entries(0, types={"witness"}))


def changed_root(note):
    size = note.split("\n")[1]
    return note.replace(f"\n{size}\n", f"\n{int(size) + 1}\n")


@pytest.mark.parametrize(
    ("forge", "words"),
    [
        (changed_root, "signature is wrong"),
        (lambda note: note.replace("docket/brand", "docket/other"), "not signed by the key that we trust"),
    ],
)
def test_a_forged_checkpoint_is_no_word_of_this_log(archive, forge, words):
    compared = archive.compare(forge(archive.checkpoint()))
    assert (compared.result, words in compared.what) == ("foreign", True)


def test_another_logs_checkpoint_with_the_same_name_is_no_word_of_this_one(archive, tmp_path, clock):
    urls = f"sqlite:///{tmp_path}/b.db", f"sqlite:///{tmp_path}/bk.db"
    create_archive(*urls, tmp_path / "b", "docket/brand.example", clock)
    other = Archive(*urls, tmp_path / "b", clock=clock)
    fill(other, 1)
    assert archive.compare(other.checkpoint()).result == "foreign"
    other.close()


@pytest.mark.parametrize("name", ["empty.txt", "some.eml"])
def test_a_file_without_a_checkpoint_is_told_of(tmp_path, name):
    (tmp_path / name).write_text("Subject: hello\n\nno checkpoint here\n")
    with pytest.raises(WrongUse, match="there is no checkpoint in it"):
        list(kept_in(tmp_path / name))


def test_a_checkpoint_survives_windows_line_ends(archive):
    note = archive.checkpoint()
    assert notes_in(note.replace("\n", "\r\n").encode()) == [note]
