"""``docket import``: history comes in whole, killed half-way or not, and the sum adds up."""

import hashlib
import itertools
import json
import signal
import subprocess
from collections import Counter

import pytest

from tests.installation import ENVIRONMENT, command, wait_for


def payloads(place):
    """Return the hash of every archived message, and how often it stands there."""
    with place.archive() as archive:
        mails = (entry for entry in archive.entries(0) if entry.type.startswith("mail."))
        return Counter(hashlib.sha256(entry.payload).hexdigest() for entry in mails)


def adds_up(report):
    assert report["read"] == report["archived"] + report["duplicate"] + len(report["skipped"])
    return report["read"], report["archived"], report["duplicate"], len(report["skipped"])


@pytest.fixture(scope="module")
def history(tmp_path_factory, shared_data):
    """Real files: one of them twice, one of them empty, one that begins with a postmark."""
    folder = tmp_path_factory.mktemp("history")
    for group in sorted((shared_data / "mail").iterdir()):
        for file in itertools.islice(sorted(group.iterdir()), 200):
            (folder / f"{group.name}-{file.name}").write_bytes(file.read_bytes())
    first = min(folder.iterdir())
    (folder / "again.eml").write_bytes(first.read_bytes())
    (folder / "empty.eml").touch()
    (folder / "postmark.eml").write_bytes(
        b"From a@b.example Mon Nov 23 08:00:00 2026\nSubject: kept whole\n\nFrom here on it is text.\n"
    )
    return folder


def test_an_import_killed_half_way_and_begun_again_ends_like_an_unbroken_one(new_installation, history):
    whole, broken = new_installation(), new_installation()
    (report,) = whole.json("import", history)
    read, archived, duplicate, skipped = adds_up(report)
    assert read == len(list(history.iterdir()))
    assert (duplicate, skipped) == (1, 1)
    assert report["skipped"][0]["file"].endswith("empty.eml")

    run = subprocess.Popen(
        command("--data", broken.data, "import", history, "--json"), env=ENVIRONMENT, stdout=subprocess.PIPE
    )
    with broken.archive() as archive:
        wait_for(lambda: archive.head() > 60 or run.poll() is not None)
        run.send_signal(signal.SIGKILL)
        run.communicate()
    broken.is_clean()
    assert 0 < len(payloads(broken)) < archived

    (report,) = broken.json("import", history)
    _, again, known, skipped = adds_up(report)
    assert report["read"] == read
    assert (again + known, skipped) == (archived + duplicate, 1)
    assert known > duplicate
    assert payloads(broken) == payloads(whole)
    assert set(payloads(whole).values()) == {1}
    for place in (whole, broken):
        (status,) = place.json("status")
        assert (status["index"]["lag"], status["store"]["undecided"], status["queue"]["done"]) == (0, 0, 0)
        assert status["index"]["documents"] == archived
        place.is_clean()

    (report,) = whole.json("import", history)
    assert adds_up(report) == (read, 0, archived + duplicate, 1)
    assert payloads(whole) == payloads(broken)


def test_a_file_that_begins_with_a_postmark_is_one_message_kept_whole(installation, tmp_path):
    raw = b"From a@b.example Mon Nov 23 08:00:00 2026\nSubject: kept whole\n\nHello.\n\nFrom here on it is text.\n"
    file = tmp_path / "postmark.eml"
    file.write_bytes(raw)
    (report,) = installation.json("import", file)
    assert adds_up(report) == (1, 1, 0, 0)
    (hit,) = installation.json("search", "subject:kept")
    assert installation.raw(hit["seq"]) == raw
    (shown,) = installation.json("show", hit["seq"])
    assert any("From " in defect or "postmark" in defect for defect in shown["defects"])


def test_an_mbox_is_split_at_its_postmarks_and_nothing_else(installation, tmp_path):
    one = b"Subject: first\n\nHello.\n>From the start.\n"
    two = b"Subject: second\n\nBye.\n"
    box = tmp_path / "box.mbox"
    mark = b"From a@b.example Mon Nov 23 08:00:00 2026\n"
    box.write_bytes(mark + one + b"\n" + mark + two + b"\n")
    (report,) = installation.json("import", box)
    assert adds_up(report) == (2, 2, 0, 0)
    assert sorted(
        hit["subject"] for hit in installation.json("search", "subject:first OR subject:second")
    ) == [
        "first",
        "second",
    ]
    (report,) = installation.json("import", box)
    assert adds_up(report) == (2, 0, 2, 0)


def test_what_cannot_be_read_is_named_with_its_reason_and_the_rest_is_taken(installation, tmp_path):
    folder = tmp_path / "mail"
    folder.mkdir()
    (folder / "good.eml").write_bytes(b"Subject: good\n\nHello.\n")
    (folder / "loop.eml").symlink_to("loop.eml")
    (folder / "empty.eml").touch()
    done = installation.run("import", "--json", folder, tmp_path / "nowhere.eml")
    assert done.returncode == 1  # a path that was named could not be taken
    report = json.loads(done.stdout)
    assert adds_up(report)[1] == 1
    assert installation.run("import", folder).returncode == 0
    assert all(each["reason"] for each in report["skipped"])
    names = {each["file"].rpartition("/")[2] for each in report["skipped"]}
    assert {"empty.eml", "nowhere.eml"} <= names
