"""A person's word on a job: what it changes in the store, and that no attempt is made twice because of it."""

from datetime import timedelta

import pytest

from gateway.store import jobs, messages


@pytest.fixture
def mail(store, story):
    """An answer to two buyers, of whom one has it."""
    seq = story.mail("mail.out")
    story.decision(seq, jobs=[story.job(0, "relay", ("a@m", "b@m"))])
    story.outcome(
        seq,
        outcomes=[
            {"kind": "delivered", "recipients": ["a@m"]},
            {"kind": "deferred", "recipients": ["b@m"], "reply": "451 x"},
        ],
        final=False,
        remaining=["b@m"],
        next_at=story.at(9000).isoformat(),
    )
    story.fold(store)
    return seq


def word(store, story, of, do, **more):
    story.act("queue", of=of, number=0, do=do, agent="tom", **more)
    story.fold(store)


def now(store, seq):
    with store.read() as conn:
        one = jobs.jobs_of(conn, seq)[0]
        return one.state, one.task["recipients"], messages.message(conn, seq).state


def claimed(store, at):
    with store.write() as tx:
        return [one.message for one in jobs.claim(tx, limit=9, now=at, lease_s=900, token="t")]


def test_what_is_held_waits_until_it_is_released(store, story, mail):
    word(store, story, mail, "hold")
    assert now(store, mail) == ("held", ["b@m"], "waiting")
    assert claimed(store, story.at(10_000)) == []
    word(store, story, mail, "release")
    assert claimed(store, story.at(20)) == [mail]


def test_a_retry_is_due_at_once_and_goes_to_those_alone_who_have_not_got_it(store, story, mail):
    assert claimed(store, story.at(100)) == []
    word(store, story, mail, "retry")
    assert claimed(store, story.at(100)) == [mail]
    assert now(store, mail)[1] == ["b@m"]


def test_what_was_given_up_is_tried_again_when_a_person_says_so(store, story, mail):
    answers = [{"kind": "refused", "recipients": ["b@m"], "reply": "550 no"}]
    story.outcome(mail, attempt=2, outcomes=answers, failed=True)
    story.fold(store)
    assert now(store, mail) == ("dead", ["b@m"], "failed")
    word(store, story, mail, "retry")
    assert now(store, mail) == ("ready", ["b@m"], "waiting")
    story.outcome(mail, attempt=3, outcomes=[{"kind": "delivered", "recipients": ["b@m"]}])
    story.fold(store)
    assert now(store, mail)[::2] == ("done", "relayed")


def test_what_is_dropped_is_not_sent_and_its_writer_is_told(store, story, mail):
    word(store, story, mail, "drop", reason="refunded", jobs=[story.job(1999, "report")])
    assert now(store, mail)[::2] == ("dropped", "dropped")
    with store.read() as conn:
        assert [(one.kind, one.state) for one in jobs.jobs_of(conn, mail)] == [
            ("relay", "dropped"),
            ("report", "ready"),
        ]
        assert jobs.jobs_of(conn, mail)[0].last == "dropped by tom: refunded"
        assert [one.kind for one in jobs.outstanding(conn)] == ["report"]


@pytest.mark.parametrize("do", ["hold", "retry", "drop"])
def test_an_attempt_under_way_is_not_doubled_and_its_outcome_counts(store, story, mail, do):
    assert claimed(store, story.at(9000)) == [mail]
    word(store, story, mail, do)
    if do == "hold":
        word(store, story, mail, "release")
    assert claimed(store, story.at(9001)) == []
    story.outcome(mail, attempt=2, outcomes=[{"kind": "delivered", "recipients": ["b@m"]}])
    story.fold(store)
    assert now(store, mail)[::2] == ("done", "relayed")


@pytest.mark.parametrize("do, state", [("hold", "held"), ("drop", "dropped")])
def test_a_failing_attempt_under_way_brings_no_other(store, story, mail, do, state):
    claimed(store, story.at(9000))
    word(store, story, mail, do)
    answers = [{"kind": "deferred", "recipients": ["b@m"], "reply": "451 x"}]
    story.outcome(
        mail, attempt=2, outcomes=answers, final=False, remaining=["b@m"], next_at=story.at(9100).isoformat()
    )
    story.fold(store)
    assert now(store, mail)[0] == state
    assert claimed(store, story.at(9000) + timedelta(days=9)) == []


def test_a_word_on_what_has_arrived_changes_nothing(store, story, mail):
    story.outcome(mail, attempt=2, outcomes=[{"kind": "delivered", "recipients": ["b@m"]}])
    story.fold(store)
    for do in ("retry", "hold", "release", "drop"):
        word(store, story, mail, do)
    assert now(store, mail)[::2] == ("done", "relayed")


def test_the_outcome_of_an_unclear_attempt_holds_the_job(store, story, mail):
    answers = [{"kind": "unknown", "recipients": ["b@m"], "reply": "451 gone"}]
    story.outcome(
        mail,
        attempt=2,
        outcomes=answers,
        final=False,
        held=True,
        remaining=["b@m"],
        noted={"unclear": True},
        next_at=story.at(9).isoformat(),
    )
    story.fold(store)
    assert now(store, mail)[0] == "held"
