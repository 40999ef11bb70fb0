"""What is in force when files are wrong: the last good version, and a name for what is broken."""

import hashlib
import os

import pytest

from gateway.mail.entry import Draft
from gateway.shelf import RULES, Files, Watch, in_force, last_good, put_in_force, read_files, stock
from tests.small_house import build_house, close

GOOD = "[[rule]]\nname = 'good'\nwhen = { subject = 'x' }\nthen = [{ do = 'tag', name = 'x' }]\n"
OTHER = GOOD.replace("good", "other")
BROKEN = GOOD.replace("subject", "subjct")
SHOP = 'name = "lamps"\ntitle = "Lamps"\n'


def names(shelf):
    return [rule.name for rule in shelf.book.ruleset.rules]


def test_files_without_a_fault_are_in_force():
    shelf = stock(Files(rules=GOOD, own={"lamps.toml": SHOP}, unread={}), {}.get)
    assert names(shelf) == ["good"]
    assert shelf.book.marketplaces.get("lamps") is not None
    assert shelf.texts["lamps.toml"] == SHOP
    assert shelf.broken == ()


@pytest.mark.parametrize(
    "files",
    [Files(rules=BROKEN, own={}, unread={}), Files(own={}, unread={RULES: "it cannot be read"})],
    ids=["broken", "unreadable"],
)
def test_a_broken_rule_book_leaves_the_last_good_one_in_force(files):
    shelf = stock(files, {RULES: OTHER}.get)
    assert names(shelf) == ["other"]
    (one,) = shelf.broken
    assert one.older
    assert "its last good version is in force" in str(one)


def test_a_broken_rule_book_that_was_never_good_is_left_out():
    shelf = stock(Files(rules=BROKEN, own={}, unread={}), {}.get)
    assert names(shelf) == []
    assert "rules.toml, line 3, rule 1 (good), when.subjct" in str(shelf.broken[0])
    assert str(shelf.broken[0]).endswith("it is left out")


def test_one_broken_marketplace_file_takes_nothing_else_with_it():
    files = Files(
        own={"lamps.toml": SHOP + "tilte = 1", "chairs.toml": SHOP.replace("amps", "hairs")}, unread={}
    )
    shelf = stock(files, {}.get)
    assert shelf.book.marketplaces.get("lamps") is None
    assert shelf.book.marketplaces["lhairs"].title == "Lhairs"
    assert shelf.book.marketplaces.get("amazon") is not None
    assert [(one.file, one.older) for one in shelf.broken] == [("lamps.toml", False)]
    shelf = stock(files, {"lamps.toml": SHOP}.get)
    assert shelf.book.marketplaces["lamps"].title == "Lamps"
    assert [(one.file, one.older) for one in shelf.broken] == [("lamps.toml", True)]


def test_files_that_cannot_be_read_are_told(tmp_path):
    (tmp_path / "lamps.toml").write_bytes(b"\xff\xfe\x00")
    files = read_files(str(tmp_path / "none.toml"), str(tmp_path))
    assert set(files.unread) == {RULES, "lamps.toml"}
    assert set(read_files("", str(tmp_path / "nowhere")).unread) == {"marketplaces"}
    shelf = stock(files, {}.get)
    assert [one.file for one in shelf.broken] == ["lamps.toml", RULES]


@pytest.fixture
def archive(tmp_path):
    house = build_house(tmp_path)
    yield house.archive
    close(house)


def test_the_last_good_version_is_the_one_last_in_force_even_when_it_is_older(archive):
    assert last_good(archive, "nothing.toml") is None
    for text in (GOOD, OTHER):
        archive.append(Draft(type="rules", payload=text.encode(), meta={"name": RULES}, once=True))
    assert last_good(archive, RULES) == OTHER
    put_in_force(archive, stock(Files(rules=GOOD, own={}, unread={}), {}.get).book)
    assert last_good(archive, RULES) == GOOD
    put_in_force(archive, stock(Files(rules=OTHER, own={}, unread={}), {}.get).book)
    assert last_good(archive, RULES) == OTHER


def test_the_log_says_which_version_was_in_force_at_any_time_also_when_an_earlier_one_came_back(archive):
    began = archive.head()
    seen = []
    for text in (GOOD, OTHER, GOOD, GOOD, OTHER):
        put_in_force(archive, stock(Files(rules=text, own={"lamps.toml": SHOP}, unread={}), {}.get).book)
        seen.append((archive.head(), in_force(archive)[RULES].sha256))
    types = [entry.type for entry in archive.entries(began)]
    assert types == ["rules", "rules", "rules", "book", "book"]  # lamps.toml with the first
    assert [digest for _, digest in seen] == [
        hashlib.sha256(text.encode()).hexdigest() for text in (GOOD, OTHER, GOOD, GOOD, OTHER)
    ]
    assert seen[2] == seen[3]
    put_in_force(archive, stock(Files(rules=OTHER, own={}, unread={}), {}.get).book)
    assert "lamps.toml" not in in_force(archive)
    assert last_good(archive, "lamps.toml") is None
    assert archive.head() == seen[-1][0] + 1


def test_a_fault_names_the_file_as_it_lies_on_disk_and_its_line(tmp_path):
    (tmp_path / "rules.toml").write_text(BROKEN)
    (tmp_path / "lamps.toml").write_text(SHOP + "\n[[orders]]\npatern = 'x'\n")
    shelf = stock(read_files(str(tmp_path / "rules.toml"), str(tmp_path)), {}.get)
    said = [one.said for one in shelf.broken]
    assert said[0].startswith(f"{tmp_path}/lamps.toml:4: [[orders]] 1: ")
    assert any(one.startswith(f"{tmp_path}/rules.toml:3: rule 1 (good), when.subjct: ") for one in said)


def test_what_stands_in_for_a_broken_file_is_told_with_its_version_and_since_when(archive):
    put_in_force(archive, stock(Files(rules=GOOD, own={}, unread={}), {}.get).book)
    now = in_force(archive)[RULES]
    (one,) = stock(Files(rules=BROKEN, own={}, unread={}), {RULES: GOOD}.get).broken
    assert one.told(now).endswith(
        f"is in force: version {now.sha256[:16]} since 2026-11-23T08:16:30Z, kept as entry {now.seq}"
    )


def test_a_watch_tells_of_a_change_once(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.shelf._LOOK_S", 0.0)
    place = tmp_path / "rules.toml"
    watch = Watch(lambda: [place])
    assert not watch.changed()
    place.write_text(GOOD)
    assert watch.changed()
    assert not watch.changed()
    os.utime(place, ns=(1, 1))
    assert watch.changed()
    place.unlink()
    assert watch.changed()
