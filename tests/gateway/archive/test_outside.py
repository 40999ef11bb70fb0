"""The head kept outside: nothing is signed that does not continue what was signed last."""

import os
import shutil
import sqlite3

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.archive.archive import Archive
from gateway.archive.checkpoint import Signer
from gateway.archive.keys import load_signer
from gateway.errors import ArchiveBroken
from gateway.stating import contradiction
from tests.gateway.archive.conftest import mail


@pytest.fixture
def guarded(sqlite_place, tmp_path):
    """A function that opens the archive with its head kept outside."""
    opened = []

    def open_(outside=tmp_path / "outside"):
        urls = sqlite_place.archive_url, sqlite_place.keys_url
        opened.append(Archive(*urls, sqlite_place.secrets, clock=sqlite_place.clock, outside=outside))
        return opened[-1]

    yield open_
    for archive in opened:
        archive.close()


def filled(guarded, count):
    archive = guarded()
    for number in range(count):
        archive.append(mail(archive.head() + number))
    archive.close()


def roll_back(tmp_path, guarded):
    """Three entries, a copy of that day, four more, and the copy put back."""
    filled(guarded, 3)
    yesterday = tmp_path / "yesterday.db"
    shutil.copy(tmp_path / "archive.db", yesterday)
    filled(guarded, 4)
    for left in tmp_path.glob("archive.db*"):
        left.unlink()
    shutil.copy(yesterday, tmp_path / "archive.db")


def test_an_older_copy_put_back_is_not_signed_for(tmp_path, guarded):
    roll_back(tmp_path, guarded)
    archive = guarded()
    with pytest.raises(ArchiveBroken, match="7 entries were signed then, and the archive has 3 now"):
        archive.append(mail(9))


def test_an_older_copy_can_be_read_and_says_what_it_is(tmp_path, guarded):
    roll_back(tmp_path, guarded)
    archive = guarded()
    assert archive.head() == 3
    assert "it was put back from an older copy, or cut off" in contradiction(archive)


def test_a_copy_that_went_on_by_another_way_is_not_signed_for(tmp_path, guarded):
    roll_back(tmp_path, guarded)
    blind = guarded(None)
    for number in range(6):
        blind.append(mail(100 + number))
    with pytest.raises(ArchiveBroken, match="the archive's first 7 entries are others now"):
        guarded().append(mail(9))


def test_without_a_head_outside_an_older_copy_is_signed_for_unseen(tmp_path, guarded):
    roll_back(tmp_path, guarded)
    assert guarded(None).append(mail(9)).seq == 3


def test_a_head_that_lags_behind_is_no_roll_back(tmp_path, guarded):
    filled(guarded, 3)
    before = {kept: kept.read_bytes() for kept in (tmp_path / "outside").iterdir()}
    assert len(before) == 2
    filled(guarded, 2)
    for kept, said in before.items():
        kept.write_bytes(said)
    archive = guarded()
    assert contradiction(archive) == ""
    assert archive.append(mail(9)).seq == 5


def test_the_head_never_goes_back_by_itself(guarded):
    filled(guarded, 3)
    archive = guarded()
    older = archive.checkpoint()
    archive.append(mail(7))
    archive.outside.keep(older)
    assert archive.outside.last() == archive.checkpoint()


@pytest.mark.parametrize(
    "content", [b"rubbish", b"docket/test\n3\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 docket/test AAAA\n"]
)
def test_a_head_that_the_log_never_signed_stops_signing(tmp_path, guarded, content):
    filled(guarded, 3)
    for kept in (tmp_path / "outside").iterdir():
        good = kept.read_bytes()
        kept.write_bytes(content)
        with pytest.raises(ArchiveBroken, match="no word of this log"):
            guarded().append(mail(9))
        kept.write_bytes(good)
    assert guarded().append(mail(9)).seq == 3


def test_an_older_copy_under_a_fresh_key_is_not_signed_for(tmp_path, guarded, sqlite_place):
    """Whoever may write the data folder signs the old head anew, by a key of theirs and the log's own name."""
    roll_back(tmp_path, guarded)
    old = load_signer(sqlite_place.secrets)
    for name in ("log.key", "log.vkey"):
        (sqlite_place.secrets / name).unlink()
    fresh = Ed25519PrivateKey.generate()
    pem = fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (sqlite_place.secrets / "log.key").write_bytes(pem)
    signer = Signer(old.verifier.name, fresh)
    (sqlite_place.secrets / "log.vkey").write_text(signer.verifier.vkey() + "\n")
    with sqlite3.connect(tmp_path / "archive.db") as db:
        (note,) = db.execute("SELECT checkpoint FROM logs").fetchone()
        db.execute("UPDATE logs SET checkpoint = ?", (signer.sign(note.rpartition("\n\n")[0] + "\n"),))
    archive = guarded()
    assert "no word of this log" in contradiction(archive)
    with pytest.raises(ArchiveBroken, match="no word of this log"):
        archive.append(mail(9))


def test_an_older_copy_is_known_wherever_it_is_put(tmp_path, guarded, sqlite_place):
    roll_back(tmp_path, guarded)
    for one in tmp_path.glob("outside/at-*"):
        one.unlink()
    with pytest.raises(ArchiveBroken, match="7 entries were signed then"):
        guarded().append(mail(9))


def test_two_logs_keep_their_heads_apart(tmp_path, guarded, sqlite_place):
    filled(guarded, 3)
    other = type(sqlite_place)(
        f"sqlite:///{tmp_path}/b/a.db", f"sqlite:///{tmp_path}/b/k.db", tmp_path / "b/secrets"
    )
    other.create()
    Archive(
        other.archive_url, other.keys_url, other.secrets, clock=other.clock, outside=tmp_path / "outside"
    ).append(mail(1))
    assert len(list((tmp_path / "outside").iterdir())) == 4


@pytest.mark.parametrize("how", ["a file is in the way", "no folder can be made"])
def test_mail_is_taken_where_no_head_can_be_kept(tmp_path, guarded, caplog, how):
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    outside = blocked if how == "a file is in the way" else blocked / "deeper"
    archive = guarded(outside)
    assert [archive.append(mail(number)).seq for number in range(3)] == [0, 1, 2]
    assert caplog.text.count("head-not-kept-outside") == 1


def test_the_head_is_readable_by_its_owner_only(tmp_path, guarded):
    filled(guarded, 1)
    for kept in (tmp_path / "outside").iterdir():
        assert os.stat(kept).st_mode & 0o077 == 0
