"""A result taken away: a table that no spreadsheet runs, objects in lines, the messages themselves; each an entry."""

import csv
import io
import json
import tracemalloc
import zipfile
from dataclasses import replace

import pytest

from gateway.mail.uid_sets import spread
from gateway.results.bundle import bundle
from gateway.results.result import Result, found_by
from index.query import parse_query
from tests.small_house import BUYER, build_house, close, csrf_in, mail, serving

HOSTILE = "=HYPERLINK(1) ../../../etc/passwd"


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A house with seven messages, one of them from somebody who likes formulas."""
    house = build_house(tmp_path_factory.mktemp("full"))
    for number in range(6):
        house.take(mail(f"Question {number}", f"the lamp {number}", message_id=f"m{number}"))
    house.hostile = house.take(
        mail(
            HOSTILE, "the lamp\r\n+1", from_=f'"@SUM(1)" <{BUYER}>', files=[("=x.png", "image/png", b"x", "")]
        )
    )
    with serving(house):
        yield house


def take(house, form, **more):
    with house.client() as browser:
        token = csrf_in(browser.get("/", params={"q": "lamp"}).text)
        return browser.post("/take", data={"csrf": token, "q": "lamp", "form": form, **more})


def logged(house):
    entry = house.archive.entry(house.archive.head() - 1)
    return entry.type, json.loads(entry.payload), entry.meta


def test_a_table_has_every_message_and_runs_nothing(full):
    answer = take(full, "csv", reason="claim")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].endswith(".csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [int(row["ENTRY"]) for row in rows] == sorted((int(row["ENTRY"]) for row in rows), reverse=True)
    assert len(rows) == 7
    strange = next(row for row in rows if int(row["ENTRY"]) == full.hostile)
    assert strange["SUBJECT"] == f"'{HOSTILE}"
    assert strange["FROM"].startswith("'@SUM")
    assert strange["ATTACHMENTS"] == "'=x.png"
    type_, said, meta = logged(full)
    assert (type_, meta) == ("export", {"source": "web"})
    assert spread(said.pop("holds").encode()) == sorted(int(row["ENTRY"]) for row in rows)
    assert said == {"agent": "anna", "form": "csv", "messages": 7, "query": "lamp", "reason": "claim"}


def test_objects_come_one_a_line(full):
    answer = take(full, "jsonl", sort="oldest")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [one["subject"] for one in lines] == [*(f"Question {n}" for n in range(6)), HOSTILE]
    assert lines[-1]["attachments"][0]["filename"] == "=x.png"


def test_the_messages_are_byte_for_byte_and_their_names_are_ours(full):
    with zipfile.ZipFile(io.BytesIO(take(full, "eml-zip").content)) as file:
        assert file.testzip() is None
        names = file.namelist()
        assert f"{full.hostile:08}-hyperlink-1-etc-passwd.eml" in names
        for name in names[:-1]:
            assert file.read(name) == full.archive.entry(int(name[:8])).payload
        told = list(csv.DictReader(io.StringIO(file.read("messages.csv").decode("utf-8-sig"))))
    assert [row["FILE"] for row in told] == names[:-1]
    assert names[-1] == "messages.csv"


def test_what_cannot_be_taken_is_not_taken(full):
    head = full.archive.head()
    assert take(full, "exe").status_code == 400
    assert take(full, "csv", q="from:").status_code == 400
    assert take(full, "csv", csrf="x").status_code == 403
    assert full.archive.head() == head


def test_mail_that_comes_meanwhile_changes_nothing_and_what_went_is_named(tmp_path):
    house = build_house(tmp_path)
    seqs = [house.take(mail(f"Question {n}", "the lamp", message_id=f"p{n}")) for n in range(55)]
    result = Result(text="lamp", seqs=found_by(house.index, parse_query("lamp")))
    rows = result.rows(house.store)
    seen = [next(rows).seq for _ in range(10)]
    house.take(mail("Late", "the lamp", message_id="late"))
    assert [*seen, *(row.seq for row in rows)] == seqs[::-1]
    house.archive.entry = _without(house.archive.entry, seqs[5])
    whole = b"".join(bundle(house.archive, house.store, result.rows(house.store)))
    with zipfile.ZipFile(io.BytesIO(whole)) as file:
        assert len(file.namelist()) == 55  # 54 messages and the table, which names the one that is lacking
        told = list(csv.DictReader(io.StringIO(file.read("messages.csv").decode("utf-8-sig"))))
    assert [int(row["ENTRY"]) for row in told if row["LACKING"]] == [seqs[5]]
    close(house)


def test_a_bundle_is_no_larger_in_memory_than_one_of_its_messages(full):
    rows = list(Result(text="lamp", seqs=found_by(full.index, parse_query("lamp"))).rows(full.store))
    many = (replace(row, subject=f"n{turn}") for turn in range(300) for row in rows)
    tracemalloc.start()
    size = sum(len(piece) for piece in bundle(full.archive, full.store, many))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 500_000
    assert peak < 3_000_000


def _without(entry, seq):
    from gateway.archive.faults import Damaged

    def asked(wanted):
        if wanted == seq:
            raise Damaged("its key is gone", wanted)
        return entry(wanted)

    return asked
