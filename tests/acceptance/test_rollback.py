"""Yesterday's copy of each file put back, and of the whole folder: what is found out, by whom, in which words."""

import os
import shutil
import smtplib
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.test_serve import send
from tests.installation import ENVIRONMENT, Installation, command

MAIL = b"Subject: order 112-1234567-1234567\r\n\r\nthe lamp is broken %d\r\n"
FILES = ("archive.db", "keys.db", "accounts.db", "store.db")


def take(place, number):
    place.start()
    with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=30) as client:
        client.ehlo("client.example")
        assert send(client, MAIL % number)[0] == 250
    place.settled()
    assert place.stop() == 0


def copy(data, to, names):
    to.mkdir(exist_ok=True)
    for name in names:
        shutil.copy(data / name, to / name)


def put_back(kept, data, names):
    for name in names:
        for left in data.glob(f"{name}*"):
            left.unlink()
        shutil.copy(kept / name, data / name)


@pytest.fixture(scope="module")
def original(new_installation, tmp_path_factory):
    """An installation with a witness on a drive, yesterday's copies of its files, and mail that came since."""
    beside = tmp_path_factory.mktemp("beside")
    (beside / "drive").mkdir()
    place = new_installation(
        more=f'[witness]\nhead = "{beside / "head"}"\nfolders = ["{beside / "drive"}"]\n'
    )
    take(place, 1)
    copy(place.data, beside / "yesterday", FILES)
    shutil.copytree(beside / "head", beside / "head-then")
    assert place.run("agent", "add", "berta", "--password-stdin", input="correct horse 2\n").returncode == 0
    take(place, 2)
    assert place.run("witness", "write").returncode == 0
    return place, beside


@pytest.fixture
def aged(original, tmp_path):
    """A copy of it that a test may spoil."""
    place, beside = original
    shutil.copytree(beside, tmp_path, dirs_exist_ok=True)
    copied = Installation(tmp_path / "data", place.ports)
    shutil.copytree(place.data, copied.data)
    settings = copied.data / "config.toml"
    text = settings.read_text().replace(str(beside), str(tmp_path)).replace(str(place.data), str(copied.data))
    settings.write_text(text)
    copied.drive, copied.head = tmp_path / "drive", tmp_path / "head"
    copied.kept, copied.head_then = tmp_path / "yesterday", tmp_path / "head-then"
    yield copied
    if not copied.ended():
        copied.kill()


def test_an_older_archive_is_refused_told_of_everywhere_and_goes_on_by_a_persons_word(aged):
    put_back(aged.kept, aged.data, FILES)
    served = subprocess.run(
        command("--data", aged.data, "serve"),
        env=ENVIRONMENT,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert served.returncode == 1
    assert "nothing is signed: by the head kept outside" in served.stderr
    assert 'docket gap --reason "..."' in served.stderr
    (report,) = aged.json("verify", code=1)
    assert [one["what"].split(",")[0] for one in report["bad"]] == ["by the head kept outside"]
    (status,) = aged.json("status")
    assert "it was put back from an older copy, or cut off" in status["witness"]["rolled_back"]
    noted = aged.run("note", "112-1234567-1234567", "hello")
    assert (noted.returncode, "nothing is signed" in noted.stderr) == (1, True)
    checked = aged.run("witness", "check", aged.drive)
    assert checked.returncode == 1
    assert "it was put back from an older copy, or cut off" in checked.stdout

    stated = aged.run("gap", "--reason", "the disk broke; the copy of Sunday is back", "--agent", "anna")
    assert stated.returncode == 0, stated.stderr
    take(aged, 3)
    assert aged.json("verify")[0]["ok"]
    checked = aged.run("witness", "check", aged.drive)
    assert "anna stated on " in checked.stdout
    assert "the disk broke; the copy of Sunday is back" in checked.stdout
    again = aged.run("gap", "--reason", "once more")
    assert (again.returncode, "nothing is lost" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("archive.db", "by the head kept outside"),
        ("keys.db", "its key is gone"),
        ("accounts.db", "berta was made"),
        ("store.db", ""),  # it reads on from where it was
    ],
)
def test_one_older_file_is_found_out_by_verify(aged, name, words):
    before = aged.json("search", "lamp")
    put_back(aged.kept, aged.data, [name])
    (report,) = aged.json("verify", code=1 if words else 0)
    assert report["ok"] == (not words)
    assert all(words in one["what"] for one in report["bad"])
    if name == "store.db":
        aged.start()
        aged.settled()
        aged.stop()
        assert aged.json("search", "lamp") == before


def test_an_older_folder_with_its_older_head_is_found_out_by_the_witness_alone(aged):
    put_back(aged.kept, aged.data, FILES)
    shutil.rmtree(aged.head)
    shutil.copytree(aged.head_then, aged.head)
    assert aged.json("verify")[0]["ok"]
    checked = aged.run("witness", "check", aged.drive)
    assert (checked.returncode, "it was put back from an older copy" in checked.stdout) == (1, True)


def test_without_head_and_witness_it_is_said_that_a_roll_back_cannot_be_seen(new_installation):
    place = new_installation(more='[witness]\nhead = "off"\n')
    take(place, 1)
    said = "whether the whole folder was put back from an older copy cannot be detected"
    assert said in place.run("verify").stdout
    assert said in place.run("status").stdout
    exported = place.run(
        "export", "112-1234567-1234567", "-o", place.data.parent / "pack", "--marketplace", "amazon"
    )
    assert exported.returncode == 0, exported.stdout + exported.stderr
    assert said in (place.data.parent / "pack/data/completeness.json").read_text()


def test_tests_and_demonstrations_leave_the_users_own_state_alone(new_installation):
    place = new_installation()
    (status,) = place.json("status")
    assert Path(status["witness"]["head"]).is_relative_to(os.environ["XDG_STATE_HOME"])
