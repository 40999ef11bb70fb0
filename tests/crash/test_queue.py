"""The power goes around each word of a person on mail that is on its way, and around a bounce: each counts once, and nothing is lost."""

import json
from dataclasses import dataclass
from datetime import timedelta

import pytest

from gateway.errors import DocketError, WrongUse
from gateway.mail.entry import Envelope
from gateway.queueing import queue_draft
from gateway.relay.transport import Deferred
from gateway.store import jobs, messages
from gateway.store.turns import came_back
from tests.crash.house import Fuse, Place, PowerCut, Remote, dump
from tests.crash.test_path import STORY, WAY_IN, WAY_OUT
from tests.small_house import BUYER, MAILBOX, mail

FIRST = STORY["answer"][0]
SECOND = mail("Re: Order", "second-mark", from_=MAILBOX, to=BUYER, message_id="a2")
BOUNCE = (
    b"From: MAILER-DAEMON@mx.example\r\nTo: support@brand.example\r\nSubject: Undelivered\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    b"Final-Recipient: rfc822; k3jx9v@marketplace.amazon.de\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <a1@mail.example>\r\n\r\n--b--\r\n"
)
STEPS = ("hold", "release", "drop", "bounce")
_WRITES = 3  # of each step: two commits of its entry, and the fold


@dataclass
class Busy(Remote):
    """A marketplace that has no time for answers, as long as ``busy`` says so."""

    busy: bool = True

    def send(self, raw, mail_from, recipients):
        if self.busy and b"-mark" in raw:
            return (Deferred(recipients=recipients, reply="451 4.3.2 later"),)
        return super().send(raw, mail_from, recipients)


class Person:
    """Does the steps in their order, each again until it is acknowledged; ``begun`` notes which write each begins at."""

    def __init__(self, place):
        self.place, self.done, self.seqs, self.begun = place, set(), {}, {}

    def live(self, running, fuse):
        try:
            running.gateway.resume()
            running.settle()
            self._take(running, "first", FIRST, WAY_OUT)
            self._act(running, fuse, "hold", "first")
            self.place.remote.busy = "second" in self.seqs
            self._act(running, fuse, "release", "first")
            running.clock.at += timedelta(hours=2)
            running.settle()
            self.place.remote.busy = True
            self._take(running, "second", SECOND, WAY_OUT)
            self._act(running, fuse, "drop", "second")
            self.begun.setdefault("bounce", len(fuse.names))
            self._take(running, "bounce", BOUNCE, WAY_IN)
        except (PowerCut, DocketError):
            if not fuse.blown:
                raise

    def _take(self, running, name, raw, known):
        if name not in self.done:
            envelope = Envelope(received_at=running.clock.now(), **known)
            self.seqs[name] = running.gateway.accept(raw, envelope).result().seq
            self.done.add(name)
        running.settle()

    def _act(self, running, fuse, do, name):
        self.begun.setdefault(do, len(fuse.names))
        if do not in self.done:
            with running.store.read() as conn:
                row = messages.message(conn, self.seqs[name])
                (job,) = [one for one in jobs.jobs_of(conn, self.seqs[name]) if one.kind == "relay"]
            try:
                draft = queue_draft(job, row, do, agent="anna", reason="", source="command")
            except WrongUse:  # it was archived, though nobody was told
                self.done.add(do)
            else:
                running.archive.append(draft)
                self.done.add(do)
        running.settle()


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path / "place", remote=Busy())
    place.folder.mkdir()
    place.create()
    return place


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(_WRITES))
@pytest.mark.parametrize("step", STEPS)
def test_each_word_counts_once_wherever_the_power_goes(place, begins, step, nth, after):
    person, fuse = Person(place), Fuse(begins[step] + nth, after)
    with place.open(fuse) as running:
        person.live(running, fuse)
    assert fuse.blown
    again = Fuse()
    with place.open(again) as running:
        person.live(running, again)
        entries = list(running.archive.entries(0))
        said = [json.loads(one.payload)["do"] for one in entries if one.type == "queue"]
        assert said == ["hold", "release", "drop"]
        with running.store.read() as conn:
            first = person.seqs["first"]
            assert came_back(conn, [first]) == {first}
            dropped, *reports = jobs.jobs_of(conn, person.seqs["second"])
            assert (dropped.state, {one.state for one in reports}) == ("dropped", {"done"})
        state = dump(running)
    taken = place.remote.taken
    assert len([raw for raw in taken if b"answer-mark" in raw]) in {1, 2}
    assert not any(b"second-mark" in raw and b"Subject: Not delivered" not in raw for raw in taken)
    told = [raw for raw in taken if b"and then came back" in raw]
    assert len(told) in {1, 2}
    assert len({raw for raw in told if b"anna's answer" in raw}) >= 1
    assert place.verify().ok
    with place.open(store="anew") as rebuilt:
        rebuilt.gateway.resume()
        rebuilt.settle()
        assert dump(rebuilt) == state


@pytest.fixture(scope="module")
def begins(tmp_path_factory):
    """Return which write each step begins with, where nothing goes wrong."""
    place = Place(tmp_path_factory.mktemp("whole"), remote=Busy())
    place.create()
    person, fuse = Person(place), Fuse()
    with place.open(fuse) as running:
        person.live(running, fuse)
    assert set(person.begun) == set(STEPS)
    for step in ("hold", "release", "drop"):
        assert fuse.names[person.begun[step]] == "keys commit"
    return person.begun
