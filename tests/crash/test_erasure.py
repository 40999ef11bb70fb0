"""The table of crashes of an erasure: killed at any write, it ends as if nothing had happened."""

import shutil

import pytest

from gateway.erasure.deed import Eraser, Grounds
from gateway.erasure.plan import Target
from gateway.errors import DocketError
from tests.crash.house import Fuse, Place, PowerCut, dump
from tests.crash.test_path import STORY
from tests.small_house import BUYER


def eraser_of(running, place):
    return Eraser(
        archive=running.archive,
        store=running.store,
        clock=place.clock,
        certificates=place.folder / "certificates",
    )


def erase(running, place, target):
    """Erase as the command and the worker do, or finish what was begun."""
    eraser = eraser_of(running, place)
    running.gateway.resume(to_head=True)
    running.settle()
    if eraser.plan(target).messages and not eraser.unfinished():
        eraser.order(target, Grounds(reason="asked by the person", agent="anna"))

    def clean():
        running.gateway.resume(to_head=True)
        running.settle()
        running.store.compact()

    eraser.finish(clean)
    running.settle()


@pytest.fixture(scope="module")
def with_mail(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mail") / "place"
    place = Place(folder)
    folder.mkdir()
    place.create()
    with place.open() as running:
        running.live(STORY, {})
    return folder


@pytest.fixture
def place(with_mail, tmp_path):
    shutil.copytree(with_mail, tmp_path / "place")
    return Place(tmp_path / "place")


WRITES = [
    "archive commit",  # resume: the files that decide are there already
    "store commit",  # resume: leases
    "store commit",  # nothing to lease
    "keys commit",  # the erasure's own key
    "archive commit",  # the erasure is ordered
    "keys commit",  # its entries' keys are destroyed
    "archive commit",  # clean: resume
    "store commit",  # clean: leases
    "store commit",  # clean: the erasure is folded in
    "index write",
    "store commit",
    "keys commit",  # the certificate's entry
    "archive commit",
    "store commit",  # it is folded in
    "index write",
    "store commit",
]
POINTS = [
    pytest.param(nth, after, id=f"{'after' if after else 'before'}-{nth}")
    for nth in range(len(WRITES))
    for after in (False, True)
]
TARGET = Target(address=BUYER)


def test_the_table_names_every_write_of_an_erasure(place):
    fuse = Fuse()
    with place.open(fuse) as running:
        erase(running, place, TARGET)
    assert fuse.names == WRITES


@pytest.mark.parametrize(("nth", "after"), POINTS)
def test_an_erasure_that_is_killed_at_any_write_resumes_and_ends_the_same(place, nth, after):
    fuse = Fuse(nth, after)
    with place.open(fuse) as running:
        try:
            erase(running, place, TARGET)
        except (PowerCut, DocketError):
            assert fuse.blown
    with place.open() as running:
        erase(running, place, TARGET)
        assert eraser_of(running, place).unfinished() == []
        assert not eraser_of(running, place).plan(TARGET).messages
        kept = dump(running)
    report = place.verify()
    assert (report.ok, report.bad) == (True, ())
    assert report.erased == 6
    for path in place.folder.glob("*.db*"):
        text = path.read_bytes()
        assert b"question-mark" not in text
        assert BUYER.encode() not in text
    assert len(list((place.folder / "certificates").iterdir())) == 1
    with place.open(store="anew") as rebuilt:
        rebuilt.gateway.resume()
        rebuilt.settle()
        assert dump(rebuilt) == kept


def test_an_old_copy_of_the_keys_brings_nothing_back(place):
    shutil.copy(place.folder / "keys.db", place.folder / "yesterday")
    with place.open() as running:
        erase(running, place, TARGET)
    shutil.copy(place.folder / "yesterday", place.folder / "keys.db")
    with pytest.raises(DocketError, match="older copy"):
        place.open().__enter__()
