"""The queue: nothing twice, nothing lost."""

import threading
from datetime import timedelta

import pytest

from gateway.lanes import Lanes
from gateway.store import jobs
from gateway.store.engine import open_store


@pytest.fixture
def full(store, story):
    """A store with six jobs, due one second after another."""
    for _ in range(6):
        seq = story.mail()
        story.decision(seq, jobs=[story.job()])
    story.fold(store)
    return store


def claim(store, now, *, limit=10, token="one", **more):
    with store.write() as tx:
        return jobs.claim(tx, limit=limit, now=now, lease_s=60, token=token, **more)


def test_jobs_are_leased_once_the_longest_due_first(full, story):
    first = claim(full, story.at(100), limit=4)
    assert [one.message for one in first] == [0, 2, 4, 6]
    assert {(one.state, one.lease, one.attempts) for one in first} == {("leased", "one", 1)}
    assert [one.message for one in claim(full, story.at(100))] == [8, 10]
    assert claim(full, story.at(100)) == []


def test_what_is_not_due_yet_waits(full, story):
    assert [one.message for one in claim(full, story.at(3))] == [0, 2]


def test_nothing_is_given_out_while_the_fold_is_behind(full, story):
    assert claim(full, story.at(100), upto=13) == []
    assert len(claim(full, story.at(100), upto=12)) == 6


def test_a_lease_that_ran_out_goes_to_another_and_the_first_can_no_longer_finish(full, story):
    (late,) = claim(full, story.at(100), limit=1)
    (taken,) = claim(full, story.at(200), limit=1, token="two")
    assert taken.message == late.message
    with full.write() as tx:
        assert not jobs.done(tx, late)
        assert not jobs.dead(tx, late, last="554 no")
        assert not jobs.retry_later(tx, late, next_at=story.at(300), last="450 wait")
        assert jobs.done(tx, taken, last="250 yes")
        assert not jobs.done(tx, taken)
    with full.read() as conn:
        assert [(one.state, one.last) for one in jobs.jobs_of(conn, late.message)] == [("done", "250 yes")]


def test_a_job_given_back_comes_again_when_it_is_due(full, story):
    (one,) = claim(full, story.at(1), limit=1)
    with full.write() as tx:
        assert jobs.retry_later(tx, one, next_at=story.at(500), last="450 wait")
    assert [job.message for job in claim(full, story.at(499))] == [2, 4, 6, 8, 10]
    (again,) = claim(full, story.at(500))[-1:]
    assert (again.message, again.attempts, again.last) == (0, 2, "450 wait")


def test_leases_are_freed_when_they_run_out_or_all_at_a_start(full, story):
    claim(full, story.at(100), limit=2)
    with full.write() as tx:
        assert jobs.release_expired(tx, story.at(100) + timedelta(seconds=59)) == 0
        assert jobs.release_expired(tx, story.at(160)) == 2
    claim(full, story.at(200), limit=3)
    with full.write() as tx:
        assert jobs.release_all(tx) == 3
    assert len(claim(full, story.at(200))) == 6


def test_the_queue_can_be_counted_and_its_failures_listed(full, story):
    with full.read() as conn:
        assert jobs.oldest_due(conn, story.at(0)) is None
        assert jobs.oldest_due(conn, story.at(100)) == story.at(1)
    first, second, *_ = claim(full, story.at(100), limit=3)
    with full.write() as tx:
        jobs.done(tx, first)
        jobs.dead(tx, second, last="550 no such user")
    with full.read() as conn:
        assert jobs.counts(conn) == {
            "ready": 3,
            "leased": 1,
            "held": 0,
            "done": 1,
            "dead": 1,
            "dropped": 0,
        }
        assert [(one.message, one.last) for one in jobs.dead_jobs(conn)] == [(2, "550 no such user")]


def test_the_fold_closes_a_leased_job_and_nobody_gets_it_again(full, story):
    claim(full, story.at(100))
    story.outcome(0)
    story.outcome(2, "deferred", final=False, next_at=story.at(900).isoformat())
    story.fold(full)
    assert 0 not in [one.message for one in claim(full, story.at(1000))]
    with full.read() as conn:
        assert [one.attempts for one in jobs.jobs_of(conn, 2)] == [1]


def test_four_claimers_at_once_never_get_the_same_job(url, story):
    store = open_store(url)
    for _ in range(300):
        seq = story.mail(attachments=())
        story.decision(seq, jobs=[story.job(), story.job(1)])
    with store.write() as tx:
        from gateway.store import fold

        fold.apply_all(tx, story.pairs)
    got: list[tuple[str, int, int]] = []
    start = threading.Barrier(4)

    def work(token):
        mine = open_store(url)
        start.wait()
        while claimed := claim(mine, story.at(10_000), limit=7, token=token):
            with mine.write() as tx:
                for one in claimed:
                    assert jobs.done(tx, one)
                    got.append((token, one.message, one.number))
        mine.close()

    workers = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    store.close()
    assert len(got) == 600
    assert len({(message, number) for _, message, number in got}) == 600


def test_a_lane_without_a_place_keeps_no_other_back(store, story):
    for box in ("slow@shop.example", *["slow@shop.example"] * 60, "quick@shop.example"):
        seq = story.mail()
        task = {"mailbox": box, "recipients": ["b@market.example"]}
        story.decision(seq, jobs=[{**story.job(), "kind": "relay", "task": task}])
    story.fold(store)
    lanes = Lanes(2)
    slow = claim(store, story.at(1000), limit=3, lanes=lanes)
    assert [one.lane for one in slow] == ["out slow@shop.example/market.example/"] * 2
    (quick,) = claim(store, story.at(1000), limit=2, lanes=lanes)
    assert quick.lane == "out quick@shop.example/market.example/"
    assert [one.lane[:8] for one in claim(store, story.at(1000), limit=2)] == ["out slow"] * 2


def test_the_beginning_of_a_lane_is_text_not_a_pattern(store, story):
    for box in ("a%b@shop.example", "axxb@shop.example"):
        seq = story.mail()
        story.decision(seq, jobs=[{**story.job(), "task": {"mailbox": box, "recipients": ["b@x.example"]}}])
    story.fold(store)
    lanes = Lanes(1)
    assert lanes.take("in a%b@shop.example//")
    assert [one.lane for one in claim(store, story.at(1000), lanes=lanes)] == ["in axxb@shop.example//"]
