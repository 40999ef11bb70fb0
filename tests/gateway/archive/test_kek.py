"""Where key-encryption keys come from, and how entries' keys are wrapped anew under another."""

import base64
import contextlib
import sys
from dataclasses import replace

import pytest

from gateway.archive.archive import Archive, create_archive
from gateway.archive.database import connect
from gateway.archive.faults import Damaged
from gateway.archive.kek import KekSource, add_line, kek_id, keks_in, new_line
from gateway.archive.keyguard import hold_keys, keys_held
from gateway.archive.keys import Wrapper
from gateway.archive.rewrap import count_wrapped, rewrap
from gateway.errors import WrongUse

ONE, TWO = bytes(range(32)), bytes(range(1, 33))
LINE, BARE = f"{kek_id(ONE)} {base64.b64encode(ONE).decode()}\n", base64.b64encode(ONE).decode()
PRINTS = (sys.executable, "-c")


def from_command(code, **more):
    return KekSource(command=(*PRINTS, code), **more)


@pytest.mark.parametrize("text", [LINE, BARE, BARE + "\n", LINE + LINE, f"{LINE}\n"])
@pytest.mark.parametrize("kind", ["file", "credential", "command"])
def test_a_key_comes_from_a_file_a_credential_or_a_command(tmp_path, monkeypatch, kind, text):
    (tmp_path / "docket-kek").write_text(text)
    (tmp_path / "docket-kek").chmod(0o600)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    source = {
        "file": KekSource(file=str(tmp_path / "docket-kek")),
        "credential": KekSource(credential="docket-kek"),
        "command": from_command(f"print({text!r}, end='')"),
    }[kind]
    assert source.read(tmp_path) == {kek_id(ONE): ONE}


def test_the_last_of_several_keys_is_the_one_in_use():
    both = keks_in(f"{base64.b64encode(TWO).decode()}\n{LINE}".encode(), "x")
    assert list(both) == [kek_id(TWO), kek_id(ONE)]
    assert list(keks_in(f"{LINE}{base64.b64encode(TWO).decode()}\n{LINE}".encode(), "x"))[-1] == kek_id(ONE)


SECRET = "hunter2hunter2"
BAD = [
    (KekSource(file="/nowhere/kek"), "/nowhere/kek cannot be read"),
    (KekSource(credential="kek"), "CREDENTIALS_DIRECTORY"),
    (KekSource(command=("/nowhere/kms", SECRET)), "/nowhere/kms cannot be run"),
    (from_command(f"import sys; sys.exit('{SECRET}')"), "ended with 1"),
    (from_command("pass"), "holds no key"),
    (from_command(f"print('{SECRET}')"), "is not an id and its key"),
    (from_command(f"print('{kek_id(TWO)} {BARE}')"), "is not an id and its key"),
    (from_command("print('A' * 10**7)"), "is not an id and its key"),
    (from_command("import sys; sys.stdin.read(); raise SystemExit(3)"), "ended with 3"),
    (from_command("import time; time.sleep(60)", timeout_s=0.2), "within 0.2 s"),
]


@pytest.mark.parametrize(("source", "said"), BAD, ids=[said for _, said in BAD])
def test_a_source_that_gives_no_key_is_named_and_nothing_of_what_it_said(tmp_path, monkeypatch, source, said):
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(WrongUse, match=said) as told:
        source.read(tmp_path)
    assert SECRET not in str(told.value)
    assert BARE not in str(told.value)


def test_a_key_file_that_others_can_read_is_refused(tmp_path):
    place = tmp_path / "kek"
    place.write_text(LINE)
    place.chmod(0o640)
    with pytest.raises(WrongUse, match="chmod 600"):
        KekSource(file=str(place)).read(tmp_path)


def test_an_archive_whose_key_comes_from_elsewhere_keeps_none_of_its_own(tmp_path, draft, sqlite_place):
    keks = from_command(f"print('{BARE}')")
    place = replace(
        sqlite_place,
        archive_url=f"sqlite:///{tmp_path}/a.db",
        keys_url=f"sqlite:///{tmp_path}/k.db",
        secrets=tmp_path / "s",
    )
    with pytest.raises(WrongUse, match="ended with"):
        create_archive(
            place.archive_url,
            place.keys_url,
            place.secrets,
            "docket/x",
            place.clock,
            keks=from_command("exit(1)"),
        )
    assert not place.secrets.exists() or not list(place.secrets.iterdir())
    create_archive(place.archive_url, place.keys_url, place.secrets, "docket/x", place.clock, keks=keks)
    assert sorted(one.name for one in place.secrets.iterdir()) == ["fp.key", "log.key", "log.vkey"]
    with contextlib.closing(
        Archive(place.archive_url, place.keys_url, place.secrets, clock=place.clock, keks=keks)
    ) as archive:
        archive.append(draft(1))
        assert archive.entry(0).meta["n"] == 1
    assert place.verify(keks=keks).ok
    with pytest.raises(WrongUse, match=r"kek\.key"):
        place.open()


def test_a_wrong_key_wraps_nothing(sqlite_place, draft):
    with contextlib.closing(sqlite_place.open()) as archive:
        archive.append(draft(1))
    (sqlite_place.secrets / "kek.key").write_text(LINE)
    with pytest.raises(WrongUse, match=f"gives the wrong key: .*{kek_id(ONE)}"):
        sqlite_place.open()
    assert sqlite_place.sql("SELECT count(*) FROM keys", keys=True) == [(1,)]


def wrap_anew(place, *, progress=lambda _: None, batch=2000):
    keyring = connect(place.keys_url)
    try:
        wrapper = Wrapper(KekSource().read(place.secrets))
        with keys_held(place.secrets, alone=True):
            return rewrap(keyring, 0, wrapper, progress, batch=batch), count_wrapped(keyring, 0)
    finally:
        keyring.dispose()


def test_keys_are_wrapped_anew_and_the_old_key_opens_nothing(place, draft):
    with contextlib.closing(place.open()) as archive:
        archive.append_many([draft(n) for n in range(5)])
    kept = place.secrets / "kek.key"
    old = kept.read_text()
    add_line(kept, line := new_line())
    assert kept.stat().st_mode & 0o777 == 0o600
    assert wrap_anew(place) == (5, {line.split()[0]: 5})
    assert wrap_anew(place) == (0, {line.split()[0]: 5})
    kept.write_text(line)
    with contextlib.closing(place.open()) as archive:
        assert [entry.meta["n"] for entry in archive.entries(0)] == [0, 1, 2, 3, 4]
    assert place.verify().ok
    kept.write_text(old)
    with pytest.raises(WrongUse, match="wrong key"):
        place.open()


class Killed(Exception):
    pass


def test_wrapping_anew_that_is_killed_leaves_all_readable_and_goes_on(sqlite_place, draft):
    with contextlib.closing(sqlite_place.open()) as archive:
        archive.append_many([draft(n) for n in range(7)])
    add_line(sqlite_place.secrets / "kek.key", line := new_line())

    def kill(done):
        if done == 4:
            raise Killed

    with pytest.raises(Killed):
        wrap_anew(sqlite_place, progress=kill, batch=2)
    assert sqlite_place.verify().ok
    with contextlib.closing(sqlite_place.open()) as archive:
        archive.append(draft(7))
        assert len(list(archive.entries(0))) == 8
    assert wrap_anew(sqlite_place) == (3, {line.split()[0]: 8})
    assert sqlite_place.verify().ok


def test_a_key_that_is_not_given_stops_before_anything_is_changed(sqlite_place, draft):
    with contextlib.closing(sqlite_place.open()) as archive:
        archive.append_many([draft(n) for n in range(3)])
    sqlite_place.sql("UPDATE keys SET kek = 'deadbeef' WHERE id = (SELECT min(id) FROM keys)", keys=True)
    add_line(sqlite_place.secrets / "kek.key", new_line())
    with pytest.raises(WrongUse, match="deadbeef, which is not given"):
        wrap_anew(sqlite_place)
    sqlite_place.sql("UPDATE keys SET kek = (SELECT max(kek) FROM keys WHERE kek != 'deadbeef')", keys=True)
    sqlite_place.sql(
        "UPDATE keys SET wrapped = zeroblob(60) WHERE id = (SELECT max(id) FROM keys)", keys=True
    )
    with pytest.raises(Damaged, match="put back a whole copy"):
        wrap_anew(sqlite_place)


def test_nobody_opens_an_archive_while_its_keys_are_changed_nor_changes_them_while_it_is_open(sqlite_place):
    with contextlib.closing(sqlite_place.open()), pytest.raises(WrongUse, match="stop docket serve"):
        hold_keys(sqlite_place.secrets, alone=True)
    with keys_held(sqlite_place.secrets, alone=True):
        with pytest.raises(WrongUse, match="being changed"):
            sqlite_place.open()
        with pytest.raises(WrongUse, match="being changed"):
            sqlite_place.verify()
    sqlite_place.open().close()
