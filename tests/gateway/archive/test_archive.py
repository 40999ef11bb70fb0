"""Appending and reading, on every database: what goes in comes out, once, in order, and provably."""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event

import pytest

from gateway.archive.archive import Archive, create_archive
from gateway.archive.checkpoint import open_checkpoint, parse_proof
from gateway.archive.faults import Damaged, Grown
from gateway.archive.keys import load_verifier
from gateway.archive.proof import includes, is_consistent
from gateway.archive.tree import leaf_hash
from gateway.errors import ArchiveBroken, Temporary, WrongUse
from gateway.mail.entry import Appended, Draft
from tests.installation import wait_for
from tests.sqlite_locks import is_held

HOSTILE = [b"", b"\0" * 5000, bytes(range(256)) * 300, "Grüße 你好".encode(), b"\r\n.\r\n"]


def test_what_goes_in_comes_out(place):
    archive = place.open()
    for number, payload in enumerate(HOSTILE):
        meta = {"source": "smtp", "to": ["a\u2028\udc80", "\0"], "n": number, "deep": {"b": None, "a": 1.5}}
        assert archive.append(Draft(type="mail.in", payload=payload, meta=meta)) == Appended(seq=number)
        entry = archive.entry(number)
        assert (entry.seq, entry.type, entry.payload, entry.meta) == (number, "mail.in", payload, meta)
        assert entry.at == place.clock.now()
    assert archive.head() == len(HOSTILE)
    assert [entry.payload for entry in place.open().entries(0)] == HOSTILE
    assert place.verify().ok


def test_a_leaf_is_canonical_and_tells_nothing_of_the_mail(place, draft):
    archive = place.open()
    archive.append(draft(1))
    archive.append(draft(1))
    one, other = (json.loads(archive.entry(seq).leaf) for seq in (0, 1))
    assert set(one) == {"v", "type", "id", "seq", "ct", "commit", "meta", "t"}
    assert (one["v"], one["seq"], one["type"]) == (1, 0, "mail.in")
    for name in ("ct", "commit", "meta", "id"):  # the same mail twice leaves no equal mark
        assert one[name] != other[name]
    leaf = archive.entry(0).leaf
    assert leaf == json.dumps(one, sort_keys=True, separators=(",", ":")).encode()


def test_many_at_once_are_one_group(place, draft):
    archive = place.open()
    archive.append(draft(0))
    appended = archive.append_many([draft(n) for n in range(1, 601)])
    assert [one.seq for one in appended] == list(range(1, 601))
    assert archive.append_many([]) == []
    assert [entry.meta["n"] for entry in archive.entries(0)] == list(range(601))
    assert place.verify().size == 601


def test_submitted_drafts_join_groups_and_answer_each(place, draft):
    archive = place.open()
    futures = [archive.submit(draft(n)) for n in range(300)]
    wait(futures, timeout=60)
    assert sorted(future.result().seq for future in futures) == list(range(300))
    for number, future in enumerate(futures):
        assert archive.entry(future.result().seq).meta["n"] == number


def test_a_cancelled_future_leaves_nothing(sqlite_place, draft):
    archive = sqlite_place.open()
    held, go = Event(), Event()
    archive.on_commit(lambda: (held.set(), go.wait(30)))
    first = archive.submit(draft(1))
    assert held.wait(30)  # the committing thread stands in the hook: what comes now waits
    second, third = archive.submit(draft(2)), archive.submit(draft(3))
    assert second.cancel()
    go.set()
    assert (first.result(30).seq, third.result(30).seq) == (0, 1)
    assert archive.head() == 2
    archive.close()


def test_what_hangs_on_the_head_goes_alone_and_takes_no_mail_down_with_it(sqlite_place, draft):
    archive = sqlite_place.open()
    held, go = Event(), Event()
    archive.on_commit(lambda: (held.set(), go.wait(30)))
    archive.submit(draft(0))
    assert held.wait(30)
    mail = [archive.submit(draft(1))]
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(archive.append_many, [draft(7)], head=1)
        wait_for(lambda: len(archive._committer._queue) == 2)
        mail.append(archive.submit(draft(2)))
        go.set()
    assert [one.result(30).seq for one in mail] == [1, 2]
    with pytest.raises(Grown):
        late.result(30)
    archive.close()


def test_ranges_and_types(place, draft):
    archive = place.open()
    archive.append_many([draft(n, type_="note" if n % 3 else "mail.in") for n in range(30)])
    assert [e.seq for e in archive.entries(27)] == [27, 28, 29]
    assert [e.seq for e in archive.entries(3, 6)] == [3, 4, 5]
    assert [e.seq for e in archive.entries(0, 10, types={"mail.in"})] == [0, 3, 6, 9]
    assert list(archive.entries(30)) == list(archive.entries(5, 5)) == []
    for seq in (30, -1, 1 << 70):
        with pytest.raises((WrongUse, Damaged)):
            archive.entry(seq)


def test_once_means_once(place, draft):
    archive = place.open()
    assert archive.append(draft(1)) == Appended(seq=0)
    assert archive.append(draft(1, once=True)) == Appended(seq=0, existing=True)
    assert archive.append(draft(1, once=True, type_="mail.out")) == Appended(seq=0, existing=True)
    assert archive.append(draft(1, once=True, type_="note")) == Appended(seq=1)
    assert archive.append(draft(1)) == Appended(seq=2)
    group = [
        draft(5),
        draft(5, once=True),
        draft(6, once=True),
        draft(6, once=True),
        draft(1, once=True),
        draft(7),
    ]
    assert archive.append_many(group) == [
        Appended(seq=3),
        Appended(seq=3, existing=True),
        Appended(seq=4),
        Appended(seq=4, existing=True),
        Appended(seq=0, existing=True),
        Appended(seq=5),
    ]
    assert archive.append_many([draft(6, once=True)]) == [Appended(seq=4, existing=True)]
    assert (archive.find("mail.held", draft(6).payload), archive.find("note", draft(6).payload)) == (4, None)
    assert place.verify().size == 6


def test_two_archives_on_one_log_see_each_other(place, draft):
    one, other = place.open(), place.open()
    for number in range(300):
        assert (one, other)[number % 2].append(draft(number)) == Appended(seq=number)
    assert other.append(draft(0, once=True)) == Appended(seq=0, existing=True)
    assert one.checkpoint() == other.checkpoint()
    assert place.verify().size == 300


def test_entries_of_a_type_are_looked_for_once_and_those_that_others_add_are_found(place, draft):
    first, second = place.open(), place.open()
    mine = [first.append(draft(number, type_="note")).seq for number in range(3)]
    first.append(draft(9))
    assert second.seqs_of_type("note") == mine
    assert second.seqs_of_type("gap") == []
    later = first.append(draft(4, type_="note")).seq
    assert second.seqs_of_type("note") == [*mine, later]
    second.seqs_of_type("note").clear()  # what is given away is the caller's own
    assert [entry.seq for entry in second.entries_of_type("note")] == [*mine, later]
    assert [entry.payload for entry in second.entries_of_type("note")][-1] == first.entry(later).payload


def test_proofs_prove(place, draft):
    archive = place.open()
    verifier = load_verifier(place.secrets)
    archive.append_many([draft(n) for n in range(100)])
    before = open_checkpoint(archive.checkpoint(), verifier)
    archive.append_many([draft(n) for n in range(100, 400)])
    after = open_checkpoint(archive.checkpoint(), verifier)
    assert (before.size, after.size) == (100, 400)
    assert is_consistent(100, 400, before.root, after.root, archive.consistency(100, 400))
    for seq in (0, 99, 255, 256, 399):
        leaf = leaf_hash(archive.entry(seq).leaf)
        size, path = archive.inclusion(seq)
        assert includes(leaf, seq, size, path, after.root)
        index, steps, note = parse_proof(archive.proof(seq))
        assert (index, steps, open_checkpoint(note, verifier)) == (seq, path, after)
    with pytest.raises(WrongUse):
        archive.proof(400)
    with pytest.raises(WrongUse):
        archive.consistency(0, 401)


def test_what_is_sealed_for_an_entry_opens_for_it_only(place, draft):
    archive = place.open()
    archive.append_many([draft(0), draft(1)])
    sealed = archive.seal_for(0, "text", b"readable")
    assert b"readable" not in sealed
    assert place.open().open_for(0, "text", sealed) == b"readable"
    for seq, label, data in [
        (1, "text", sealed),
        (0, "other", sealed),
        (0, "text", sealed[:-1]),
        (0, "text", b""),
    ]:
        with pytest.raises(Damaged):
            archive.open_for(seq, label, data)
        first, found, last = archive.open_each(label, [(0, sealed), (seq, data), (2, sealed)])
        assert isinstance(found, Damaged)
        assert found.seq == seq
        assert isinstance(first, bytes) == (label == "text")
        assert isinstance(last, Damaged)
    again = archive.seal_for(1, "text", b"also")
    assert list(archive.open_each("text", [(1, again), (0, sealed), (1, again)])) == [
        b"also",
        b"readable",
        b"also",
    ]
    assert list(archive.open_each("text", [])) == []
    with pytest.raises(WrongUse):
        archive.seal_for(2, "text", b"")


def test_a_twin_is_the_same_bytes_from_and_to_the_same(sqlite_place):
    archive = sqlite_place.open()
    twin = archive.twin(b"raw", "a@x", ("b@x", "c@x"))
    assert twin == archive.twin(b"raw", "a@x", ("c@x", "b@x"))
    others = [
        archive.twin(b"raw2", "a@x", ("b@x", "c@x")),
        archive.twin(b"raw", "", ("b@x", "c@x")),
        archive.twin(b"raw", "a@x", ("b@x",)),
        archive.twin(b"raw", "a@x", ("b@xc@x",)),
        archive.twin(b"raw", "a@xb@x", ("c@x",)),
    ]
    assert len({twin, *others}) == 6
    archive.close()


def test_the_hook_is_called_after_commits_that_added_something(sqlite_place, draft):
    archive = sqlite_place.open()
    sizes = []
    archive.on_commit(lambda: sizes.append(archive.head()))
    archive.append(draft(1))
    archive.append(draft(1, once=True))
    archive.append(draft(2))
    archive.close()
    assert sizes == [1, 2]


def test_plain_text_is_on_no_page_of_the_files(sqlite_place, tmp_path):
    archive = sqlite_place.open()
    secret = b"CANARY-8f3a-order-112-1234567-1234567"
    archive.append(Draft(type="mail.in", payload=secret, meta={"mail_from": secret.decode()}))
    held = b"".join(path.read_bytes() for path in tmp_path.glob("*.db*"))
    archive.close()
    assert secret not in held


def test_secrets_and_databases_are_for_their_owner_only(sqlite_place, tmp_path):
    sqlite_place.open().close()
    assert stat.S_IMODE(sqlite_place.secrets.stat().st_mode) == 0o700
    for path in [*sqlite_place.secrets.iterdir(), *tmp_path.glob("*.db")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_the_write_ahead_log_starts_anew_however_much_is_archived(sqlite_place, tmp_path, draft):
    archive, wal, sizes = sqlite_place.open(), tmp_path / "archive.db-wal", []
    for _ in range(6):
        archive.append_many([Draft(type="mail.in", payload=os.urandom(400_000), meta={}) for _ in range(50)])
        sizes.append(wal.stat().st_size)
    assert sizes[-1] < 3 * sizes[0]
    for number in range(300):
        archive.append(draft(number))
    assert wal.stat().st_size == sizes[-1]
    assert is_held(tmp_path / "archive.db-shm")
    assert is_held(tmp_path / "keys.db-shm")


def test_an_archive_is_made_once(place, tmp_path):
    with pytest.raises(WrongUse, match="already"):
        place.create()
    with pytest.raises(WrongUse, match="already"):
        create_archive(place.archive_url, place.keys_url, tmp_path / "new", "docket/x", place.clock)


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\n"])
def test_a_log_needs_a_name_that_a_key_can_have(place, tmp_path, origin):
    with pytest.raises(WrongUse, match="name a log"):
        create_archive(place.archive_url, place.keys_url, tmp_path / "n", origin, place.clock)


def test_archive_and_keys_cannot_share_a_file(tmp_path, sqlite_place):
    url = f"sqlite:///{tmp_path}/one.db"
    with pytest.raises(WrongUse, match="two files"):
        create_archive(url, url, tmp_path / "s", "docket/x", sqlite_place.clock)


def test_a_newer_format_is_refused(place):
    place.sql("UPDATE logs SET format = 2")
    with pytest.raises(WrongUse, match="format 2"):
        place.open()


def test_another_logs_secrets_are_refused(sqlite_place, tmp_path):
    (tmp_path / "b").mkdir()
    create_archive(
        f"sqlite:///{tmp_path}/b/a.db",
        f"sqlite:///{tmp_path}/b/k.db",
        tmp_path / "b/s",
        "docket/b",
        sqlite_place.clock,
    )
    with pytest.raises(WrongUse, match="docket/b"):
        Archive(sqlite_place.archive_url, sqlite_place.keys_url, tmp_path / "b/s", clock=sqlite_place.clock)


@pytest.mark.parametrize("name", ["log.key", "log.vkey", "kek.key", "fp.key"])
@pytest.mark.parametrize("content", [None, b"", b"rubbish\n", b"\xff" * 40])
def test_a_missing_or_wrong_secret_is_named(sqlite_place, name, content):
    path = sqlite_place.secrets / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WrongUse, match=name):
        sqlite_place.open()


def test_a_new_key_encryption_key_needs_no_rewriting(sqlite_place, draft):
    import base64

    from gateway.archive.kek import kek_id

    archive = sqlite_place.open()
    archive.append(draft(1))
    archive.close()
    kek = bytes(range(32))
    with (sqlite_place.secrets / "kek.key").open("a") as file:
        file.write(f"{kek_id(kek)} {base64.b64encode(kek).decode()}\n")
    archive = sqlite_place.open()
    archive.append(draft(2))
    assert [entry.meta["n"] for entry in archive.entries(0)] == [1, 2]
    archive.close()
    assert sqlite_place.sql("SELECT count(DISTINCT kek) FROM keys", keys=True) == [(2,)]
    assert sqlite_place.verify().ok


@pytest.mark.parametrize("type_", ["", "Mail", "a..b", "a b", 'a"', "x" * 40, "é"])
def test_a_type_is_plain_words(sqlite_place, type_):
    archive = sqlite_place.open()
    with pytest.raises(WrongUse):
        archive.append(Draft(type=type_, payload=b"", meta={}))
    archive.close()


def test_a_rolled_back_database_is_not_built_upon(place, draft):
    archive = place.open()
    archive.append_many([draft(n) for n in range(3)])
    saved = place.sql("SELECT size, checkpoint FROM logs")[0]
    tiles = place.sql("SELECT level, number, hashes FROM tiles")
    archive.append(draft(3))
    place.sql("DELETE FROM entries WHERE seq = 3")
    place.sql("DELETE FROM blobs WHERE seq = 3")
    place.sql("UPDATE logs SET size = ?, checkpoint = ?", *saved)
    for level, number, hashes in tiles:
        place.sql("UPDATE tiles SET hashes = ? WHERE level = ? AND number = ?", hashes, level, number)
    with pytest.raises(ArchiveBroken, match="rolled back"):
        archive.append(draft(4))
    with pytest.raises(ArchiveBroken):
        archive.append(draft(5))
    with pytest.raises(ArchiveBroken):
        archive.head()


def test_nothing_is_built_on_tiles_that_the_checkpoint_does_not_sign(place, draft):
    place.open().append_many([draft(n) for n in range(3)])
    place.sql("UPDATE tiles SET hashes = ?", b"\0" * 96)
    with pytest.raises(ArchiveBroken, match="checkpoint"):
        place.open().append(draft(4))


def test_a_closed_archive_commits_what_waits_and_takes_no_more(sqlite_place, draft):
    archive = sqlite_place.open()
    futures = [archive.submit(draft(n)) for n in range(50)]
    archive.close()
    assert [future.result(0).seq for future in futures] == list(range(50))
    with pytest.raises(Temporary):
        archive.append(draft(1))
