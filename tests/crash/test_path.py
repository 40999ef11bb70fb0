"""The table of crashes: each write of a message's whole way fails before it is done, and after it is done."""

import json
import shutil
from collections import Counter

import pytest

from index.query import parse_query
from tests.crash.house import Fuse, Place, dump
from tests.small_house import BUYER, MAILBOX, ORDER, mail

WAY_IN = {"source": "smtp", "mail_from": BUYER, "rcpt_to": (MAILBOX,), "mailbox": MAILBOX}
WAY_OUT = {
    "source": "submission",
    "agent": "anna",
    "mail_from": MAILBOX,
    "rcpt_to": (BUYER,),
    "mailbox": MAILBOX,
}
STORY = {
    "question": (
        mail(f"Order {ORDER}", "It came damaged. question-mark", message_id="q1"),
        {**WAY_IN, "trusted": True},
    ),
    "answer": (
        mail(
            f"Re: Order {ORDER}",
            "We are sorry. answer-mark",
            from_=MAILBOX,
            to=BUYER,
            message_id="a1",
            In_Reply_To="<q1@mail.example>",
        ),
        WAY_OUT,
    ),
}

COMMIT = ["keys commit", "archive commit"]
START = [
    *COMMIT,  # resume: the files that decide are archived
    "store commit",  # resume: leases are given back
    "store commit",  # resume: what the archive has is folded in
    "index write",
    "store commit",  # there is nothing to lease
]
ONE = [
    *COMMIT,  # accept: only now the client is answered
    "store commit",  # process: the message is folded in
    *COMMIT,  # process: its decision is archived
    "index write",
    "store commit",  # process: the decision is folded in
    "index write",
    "store commit",  # run: the job is leased
    "send",
    *COMMIT,  # run: the outcome is archived
    "store commit",  # process: the outcome is folded in, the job is done
    "index write",
    "store commit",  # there is nothing more to lease
]
WRITES = [*START, *ONE, *ONE]
POINTS = [
    pytest.param(nth, after, id=f"{'after' if after else 'before'}-{nth}-{name.replace(' ', '-')}")
    for nth, name in enumerate(WRITES)
    for after in (False, True)
]


@pytest.fixture(scope="module")
def new_archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new")
    Place(folder).create()
    return folder


@pytest.fixture
def place(new_archive, tmp_path):
    shutil.copytree(new_archive, tmp_path / "place")
    return Place(tmp_path / "place")


def test_the_table_names_every_write_of_the_path(place):
    fuse = Fuse()
    with place.open(fuse) as running:
        running.live(STORY, {})
    assert fuse.names == WRITES


@pytest.mark.parametrize(("nth", "after"), POINTS)
def test_nothing_acknowledged_is_lost_when_the_power_goes(place, nth, after):
    acknowledged: dict[str, int] = {}
    fuse = Fuse(nth, after)
    with place.open(fuse) as running:
        running.live(STORY, acknowledged)
    assert fuse.names == WRITES[: nth + 1]
    promised = dict(acknowledged)

    with place.open() as running:
        running.live(STORY, acknowledged)
        check(running, place, promised, acknowledged)

    with place.open(store="anew") as rebuilt:
        before = rebuilt.archive.head()
        rebuilt.gateway.resume()
        rebuilt.settle()
        assert rebuilt.archive.head() == before  # a rebuild decides nothing and sends nothing
        anew = dump(rebuilt)
    with place.open() as running:
        assert dump(running) == anew


def check(running, place, promised, acknowledged):
    entries = list(running.archive.entries(0))
    kinds = Counter(entry.type for entry in entries)
    mails = [entry for entry in entries if entry.type.startswith("mail.")]
    for name, (raw, _) in STORY.items():
        # once for each acknowledgement, byte for byte; what was sealed but never answered may stand beside it, once
        copies = [entry for entry in mails if entry.payload == raw]
        assert acknowledged[name] in {entry.seq for entry in copies}
        assert len(copies) == 1 if name in promised else len(copies) in {1, 2}
        mark = f"{name}-mark".encode()
        sent = [taken for taken in place.remote.taken if mark in taken]
        assert len(sent) in {1, 2}
        assert all(taken.endswith(raw) for taken in sent) or name == "answer"
    told = [json.loads(entry.payload) for entry in entries if entry.type in {"decision", "outcome"}]
    decided = [each["of"] for each in told if "decision" in each]
    assert sorted(decided) == [entry.seq for entry in mails]
    delivered = {each["of"] for each in told if "outcomes" in each}
    retries = {each["of"] for each in told if "decision" in each and not each["jobs"]}
    assert delivered | retries == set(decided)
    assert len(delivered) == len(STORY)
    assert kinds["rules"] == len({entry.payload for entry in entries if entry.type == "rules"})

    running.index.refresh()
    found = [hit.seq for hit in running.index.search(parse_query("mark")).hits]
    assert sorted(found) == [entry.seq for entry in mails]
    assert running.index.position() == running.archive.head()
    report = place.verify()
    assert (report.ok, report.bad, report.size) == (True, (), running.archive.head())
