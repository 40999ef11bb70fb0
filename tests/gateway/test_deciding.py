"""Decisions made in batches are those that would have been made one by one."""

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.mail.entry import Envelope
from tests.crash.house import Fuse, Place, Running
from tests.small_house import MAILBOX, mail

ORDERS = ("302-4937261-8841957", "112-3141592-6535897")
ALIASES = ("k3jx9v@marketplace.amazon.de", "p0q1r2@marketplace.amazon.de")
RULES = """
[[rule]]
name = "second look"
when = { direction = "outbound", text = "second look" }
then = [{ do = "hold", reason = "a person looks" }]

[[rule]]
name = "known"
when = { text = "order" }
then = [{ do = "tag", name = "order" }]
"""


@dataclass(frozen=True)
class Said:
    """One message of a made-up conversation; ``answers`` and ``repeats`` count back from it."""

    order: int | None = None
    alias: int = 0
    answers: int = 0
    repeats: int = 0
    trusted: bool = True
    outbound: bool = False
    held: bool = False
    source: str = "smtp"
    settled: bool = False  # whether everything is decided before the next message comes


SAID = st.builds(
    Said,
    order=st.sampled_from([None, 0, 1]),
    alias=st.integers(0, 1),
    answers=st.integers(0, 3),
    repeats=st.sampled_from([0, 0, 0, 1, 2]),
    trusted=st.booleans(),
    outbound=st.booleans(),
    held=st.booleans(),
    source=st.sampled_from(["smtp", "smtp", "smtp", "import", "fetch"]),
    settled=st.booleans(),
)


class Conversation:
    """The messages of a conversation as they are taken in, each after the last."""

    def __init__(self, said: list[Said]) -> None:
        self._said = said
        self._made: list[tuple[bytes, dict]] = []
        for number, one in enumerate(said):
            self._made.append(self._make(number, one))

    def _make(self, number: int, one: Said) -> tuple[bytes, dict]:
        if 0 < one.repeats <= number:
            return self._made[number - one.repeats]
        buyer = ALIASES[one.alias]
        text = f"about order {ORDERS[one.order]}" if one.order is not None else "about it"
        fields = (
            {"In_Reply_To": f"<m{number - one.answers}@mail.example>"} if 0 < one.answers <= number else {}
        )
        people = {"from_": MAILBOX, "to": buyer} if one.outbound else {"from_": f"M <{buyer}>"}
        raw = mail(f"Hello {number}", f"{text}{', second look' if one.held else ''}", message_id=f"m{number}", **people, **fields)  # fmt: skip
        to = buyer if one.outbound else MAILBOX
        known = {
            "source": one.source,
            "mail_from": MAILBOX if one.outbound else buyer,
            "rcpt_to": (to,),
            "mailbox": MAILBOX,
            "trusted": one.trusted,
            "sent": one.outbound,
            "origin": f"file {number}" if one.source != "smtp" else "",
        }
        return raw, known

    def take(self, running: Running, *, one_by_one: bool) -> list[dict]:
        """Take everything in; return the decisions in the messages' order, with their numbers for their entries."""
        running.gateway.resume()
        seqs = []
        for one, (raw, known) in zip(self._said, self._made, strict=True):
            running.clock.at += timedelta(seconds=2)
            seqs.append(
                running.gateway.accept(raw, Envelope(received_at=running.clock.now(), **known)).result().seq
            )
            if one_by_one or one.settled:
                decide_all(running)
        decide_all(running)
        places = {seq: f"message {place}" for place, seq in reversed(list(enumerate(seqs)))}
        told = [json.loads(entry.payload) for entry in running.archive.entries(0, types={"decision"})]
        return [renamed(each, places) for each in sorted(told, key=lambda each: each["of"])]


def decide_all(running: Running) -> None:
    while running.gateway.process():
        pass


_SEQS = {"of", "seq", "retry_of", "via", "root"}


def renamed(value, places):
    if isinstance(value, dict):
        return {
            key: places[inner] if key in _SEQS and inner is not None else renamed(inner, places)
            for key, inner in value.items()
        }  # fmt: skip
    if isinstance(value, str):
        return re.sub(r"message (?:as )?(\d+)", lambda found: places.get(int(found[1]), found[0]), value)
    return [renamed(inner, places) for inner in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def new_archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new")
    Place(folder).create()
    return folder


def decisions(new_archive: Path, said: list[Said], *, one_by_one: bool) -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(shutil.copytree(new_archive, Path(folder) / "place")))
        with Running(place, Fuse(), "store", rules=RULES) as running:
            return Conversation(said).take(running, one_by_one=one_by_one)


@given(said=st.lists(SAID, min_size=2, max_size=8))
@example(said=[Said(outbound=True, held=True), Said(repeats=1)])
@example(said=[Said(order=0), Said(answers=1), Said(answers=1), Said(alias=1, answers=3, order=1)])
@example(said=[Said(order=0, trusted=False), Said(order=0), Said(), Said(source="import", answers=2)])
@example(said=[Said(), Said(order=1, answers=1), Said(answers=2), Said(alias=1, order=1, trusted=False)])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_batch_decides_as_if_each_message_had_come_alone(new_archive, said):
    alone = decisions(new_archive, said, one_by_one=True)
    together = decisions(new_archive, said, one_by_one=False)
    assert len(alone) >= 1
    assert together == alone


def test_what_one_decides_the_next_builds_on_within_a_batch(new_archive):
    said = [Said(order=0), Said(answers=1), Said(answers=1), Said()]
    told = decisions(new_archive, said, one_by_one=False)
    links = [each["decision"]["links"] for each in told]
    assert [[link["order"]["value"] for link in each] for each in links] == [[ORDERS[0]]] * 4
    assert [each[0]["method"] for each in links] == ["stated", "thread", "thread", "alias"]


def test_history_is_decided_without_effects_beside_live_mail(new_archive):
    said = [Said(order=0, source="import"), Said(order=0, source="fetch", alias=1), Said(order=0)]
    told = decisions(new_archive, said, one_by_one=False)
    assert [(each["live"], len(each["jobs"])) for each in told] == [(False, 0), (False, 0), (True, 1)]


def test_nobody_waits_for_decisions_that_are_long_folded_however_much_comes(new_archive, tmp_path):
    said = [Said(order=0), *[Said(alias=1)] * 12, Said()]
    place = Place(Path(shutil.copytree(new_archive, tmp_path / "place")))
    with Running(place, Fuse(), "store", rules=RULES) as running:
        running.gateway.resume()
        seqs = []
        for raw, known in Conversation(said)._made:
            envelope = Envelope(received_at=running.clock.now(), **known)
            seqs.append(running.gateway.accept(raw, envelope).result().seq)
            running.gateway.process()  # one turn for each: there is always a decision on its way
            running.clock.at += timedelta(seconds=2)
        decided = {
            json.loads(entry.payload)["of"] for entry in running.archive.entries(0, types={"decision"})
        }
    assert set(seqs[:-1]) <= decided
