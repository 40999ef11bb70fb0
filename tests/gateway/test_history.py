"""Import over a real archive: the sum adds up, what is ours is outbound, and nothing happens because of it."""

from collections import Counter
from concurrent.futures import Future

import pytest

from gateway.errors import Temporary
from gateway.history import Import
from gateway.store import jobs, messages
from tests.small_house import BUYER, MAILBOX, build_house, close, mail


@pytest.fixture
def house(tmp_path):
    place = tmp_path / "house"
    place.mkdir()
    made = build_house(place)
    yield made
    close(made)


def run(house, *paths, message_bytes=1_000_000):
    """Import; return the run's report and every report it gave on its way."""
    work = Import(house.gateway, house.clock, mailbox=MAILBOX, ours=frozenset({MAILBOX.upper()}), message_bytes=message_bytes)  # fmt: skip
    on_the_way = [(each.read, each.archived, each.duplicate, len(each.skipped)) for each in work.take(paths)]
    house.settle()
    return work.report, on_the_way


def types(house):
    return Counter(entry.type for entry in house.archive.entries(0))


def test_the_sum_adds_up_at_every_moment_and_each_file_is_kept_as_it_is(house, tmp_path):
    folder = tmp_path / "mail"
    folder.mkdir()
    for number in range(20):
        (folder / f"{number}.eml").write_bytes(mail(f"Number {number}", "text", message_id=f"n{number}"))
    (folder / "again.eml").write_bytes((folder / "3.eml").read_bytes())
    (folder / "empty.eml").touch()
    (folder / "large.eml").write_bytes(mail("large", "x" * 5000))
    report, on_the_way = run(house, folder, message_bytes=4000)
    assert (report.archived, report.duplicate, report.read) == (20, 1, 23)
    assert {path.rpartition("/")[2] for path, _ in report.skipped} == {"empty.eml", "large.eml"}
    assert all(reason for _, reason in report.skipped)
    assert on_the_way == sorted(on_the_way)
    assert all(read == archived + twice + skipped for read, archived, twice, skipped in on_the_way)
    kept = {entry.payload for entry in house.archive.entries(0, types={"mail.in"})}
    assert kept == {(folder / f"{number}.eml").read_bytes() for number in range(20)}


def test_the_same_again_archives_nothing_and_the_same_elsewhere_is_a_sighting(house, tmp_path):
    first, second = tmp_path / "one.eml", tmp_path / "copy.eml"
    first.write_bytes(mail("One", "text"))
    second.write_bytes(first.read_bytes())
    run(house, first)
    before = types(house)
    report, _ = run(house, first)
    assert (report.archived, report.duplicate) == (0, 1)
    assert types(house) == before
    report, _ = run(house, second)
    assert (report.archived, report.duplicate) == (0, 1)
    assert types(house) - before == Counter({"sighting": 1})


def test_what_one_of_our_addresses_wrote_is_outbound_whatever_its_case(house, tmp_path):
    for name, sender in (("ours", f"Anna <{MAILBOX.title()}>"), ("theirs", BUYER), ("nobody", "")):
        (tmp_path / f"{name}.eml").write_bytes(
            mail(name, "text", from_=sender or BUYER).replace(b"From:", b"From:" if sender else b"X-From:")
        )
    run(house, *(tmp_path / f"{name}.eml" for name in ("ours", "theirs", "nobody")))
    with house.store.read() as conn:
        rows = messages.messages(
            conn, [e.seq for e in house.archive.entries(0) if e.type.startswith("mail.")]
        )
    assert {row.subject: row.direction for row in rows.values()} == {
        "ours": "outbound",
        "theirs": "inbound",
        "nobody": "inbound",
    }


def test_history_is_decided_and_nothing_leaves_for_it(house, tmp_path):
    for name, sender in (("q", BUYER), ("a", MAILBOX)):
        (tmp_path / f"{name}.eml").write_bytes(mail(name, "It came damaged.", from_=sender, to=BUYER))
    run(house, tmp_path / "q.eml", tmp_path / "a.eml")
    with house.store.read() as conn:
        assert set(jobs.counts(conn).values()) == {0}
        rows = messages.messages(
            conn, [e.seq for e in house.archive.entries(0) if e.type.startswith("mail.")]
        )
    assert house.remote.taken == []
    assert [row.tags for row in rows.values()] == [("damage",)] * 2
    assert {row.state for row in rows.values()} == {"kept"}


def test_an_archive_that_fails_ends_the_import_with_its_words(house, tmp_path):
    (tmp_path / "one.eml").write_bytes(mail("One", "text"))

    class Full:
        def accept(self, raw, envelope):
            future = Future()
            future.set_exception(Temporary("the disk is full", "452 4.3.1 Insufficient system storage"))
            return future

    work = Import(Full(), house.clock, mailbox=MAILBOX, ours=frozenset(), message_bytes=10**6)
    with pytest.raises(Temporary, match="disk is full"):
        list(work.take([tmp_path / "one.eml"]))
