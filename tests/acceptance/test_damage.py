"""What stands beside the archive may be damaged or gone: that is told in words, hides nothing, and is made anew."""

import contextlib
import os
import smtplib
import sqlite3

import pytest

from tests.acceptance.test_serve import send

MAIL = b"Subject: order 112-1234567-1234567\r\n\r\nthe lamp is broken\r\n"


@pytest.fixture
def place(new_installation):
    made = new_installation()
    made.start()
    with smtplib.SMTP("127.0.0.1", made.ports["smtp"], timeout=30) as client:
        client.ehlo("client.example")
        assert send(client, MAIL)[0] == 250
    made.settled()
    return made


def spoil_all(path):
    path.write_bytes(os.urandom(100_000))


def spoil_pages(path):
    with path.open("r+b") as file:
        for at in range(8192, path.stat().st_size, 4096):
            file.seek(at)
            file.write(os.urandom(2000))


@pytest.mark.parametrize("spoil", [spoil_all, spoil_pages])
def test_a_damaged_store_is_told_of_and_a_rebuild_makes_it_anew(place, spoil):
    told = place.json("search", "lamp"), place.json("order", "112-1234567-1234567")
    assert place.stop() == 0
    spoil(place.data / "store.db")
    for asked in (("search", "lamp"), ("status",), ("order", "112-1234567-1234567")):
        done = place.run(*asked)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert "store.db is damaged" in done.stderr
        assert "docket rebuild" in done.stderr
    doctor = place.run("doctor")
    assert "BAD  store: " in doctor.stdout
    assert place.run("rebuild").returncode == 0
    assert (place.json("search", "lamp"), place.json("order", "112-1234567-1234567")) == told


def test_a_damaged_store_is_not_replaced_under_a_service_that_has_it_open(place):
    with contextlib.closing(sqlite3.connect(place.data / "store.db")) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spoil_pages(place.data / "store.db")
    done = place.run("rebuild")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "docket serve has it open: stop it" in done.stderr
    place.stop()
    assert place.run("rebuild").returncode == 0
    assert len(place.json("search", "lamp")) == 1


def test_damaged_accounts_are_told_of_with_what_to_do(place):
    assert place.stop() == 0
    spoil_all(place.data / "accounts.db")
    done = place.run("agent", "list")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert "docket agent add" in done.stderr
    doctor = place.run("doctor")
    assert "BAD  accounts: " in doctor.stdout
    assert " to mend" in doctor.stdout


@pytest.mark.parametrize("gone", ["store.db", "index"])
def test_a_search_says_what_it_cannot_find_yet(place, gone):
    assert place.stop() == 0
    assert place.run("search", "lamp").stderr == ""
    for path in place.data.glob(f"{gone}*"):
        if path.is_dir():
            os.rename(path, f"{path}.away")
        else:
            path.unlink()
    done = place.run("search", "lamp")
    assert done.returncode == 0
    assert "entries of the archive cannot be found yet; docket serve brings them in" in done.stderr
    assert place.run("rebuild").returncode == 0
    assert place.run("search", "lamp").stderr == ""
    assert len(place.json("search", "lamp")) == 1
