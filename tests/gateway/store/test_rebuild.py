"""Whatever the entries, and however they are cut into batches: the same rows."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.store import fold
from gateway.store.engine import open_store

_TAGS = st.lists(st.sampled_from(["claim", "vip", "Ünï", "a\x00b"]), max_size=3)
_VALUE = st.sampled_from(["112-1234567-1234567", "026-1111111-1111111"])
_STEP = st.one_of(
    st.tuples(st.just("mail"), st.sampled_from(["mail.in", "mail.out", "mail.held", "mail.refused"])),
    st.tuples(st.just("decision"), st.integers(0, 9), _TAGS, st.lists(_VALUE, max_size=2), st.booleans()),
    st.tuples(
        st.just("outcome"),
        st.integers(0, 9),
        st.sampled_from(["delivered", "deferred", "refused", "unknown"]),
        st.booleans(),
        st.integers(0, 1),
    ),
    st.tuples(st.just("tag"), st.integers(0, 9), _TAGS, _TAGS),
    st.tuples(st.just("link"), st.integers(0, 9), _VALUE, st.booleans()),
    st.tuples(st.just("none"), st.integers(0, 9), st.booleans()),
    st.tuples(st.just("orders"), st.lists(_VALUE, max_size=2)),
    st.tuples(st.just("release"), st.integers(0, 9), st.booleans()),
    st.tuples(st.just("note"), st.integers(0, 9)),
    st.tuples(
        st.just("queue"),
        st.integers(0, 9),
        st.sampled_from(["retry", "hold", "release", "drop"]),
        st.integers(0, 1),
    ),
    st.tuples(
        st.just("asked"), st.integers(0, 9), st.sampled_from(["buyer_message", "claim_opened"]), _VALUE
    ),
    st.tuples(
        st.just("again"),
        st.integers(0, 9),
        st.sampled_from(["buyer_message", "claim_opened", "own_answer_copy", "not_delivered"]),
        _TAGS,
        st.lists(_VALUE, max_size=2, unique=True),
        st.booleans(),
    ),
    st.tuples(
        st.just("told"),
        st.integers(0, 9),
        st.sampled_from(["own_answer_copy", "claim_closed", "not_delivered"]),
        _VALUE,
    ),
    st.tuples(st.just("mark"), st.integers(0, 9), st.one_of(st.none(), _VALUE), st.booleans()),
    st.tuples(
        st.just("dossier"),
        _VALUE,
        st.sampled_from(["open", "closed", None]),
        st.sampled_from([True, False, None]),
    ),
    st.tuples(st.just("other"), st.sampled_from(["gap", "sighting", "rules", "new-in-2031"])),
)


def told(story, steps):
    """Turn steps into entries; a number picks one of the messages so far, or what is none."""
    mails = []
    stands = {}  # message -> the decision that stands, or stood: one that came too late names no other
    for kind, *rest in steps:
        of = mails[rest[0] % len(mails)] if mails and isinstance(rest[0], int) and rest[0] < 8 else 999
        match kind, *rest:
            case "mail", type_:
                mails.append(story.mail(type_))
            case "decision", _, tags, values, live:
                carrying = "relay" if live else "deliver"
                jobs = [story.job(number, carrying, ("buyer@m",)) for number in range(len(values) + 1)]
                decided = story.decision(
                    of,
                    tags=tags,
                    links=[
                        story.link(
                            value, confidence="possible" if live else "certain", via=of if live else None
                        )
                        for value in values
                    ],
                    jobs=jobs,
                    live=live,
                    people=tags,
                    alias="buyer@m",
                )
                stands.setdefault(of, decided)
            case "outcome", _, how, final, number:
                reports = [story.job(1001, "report")] if how == "refused" else []
                answers = [{"kind": how, "recipients": ["buyer@m"]}]
                story.outcome(
                    of,
                    how,
                    outcomes=answers,
                    number=number,
                    final=final,
                    failed=final and how != "delivered",
                    jobs=reports,
                )
            case "tag", _, add, remove:
                story.act("tag", of=of, add=add, remove=remove, agent="anna")
            case "none", _, undo:
                story.act("link", of=of, none=True, undo=undo, agent="anna")
            case "orders", values:
                story.report(*values)
            case "link", _, value, undo:
                story.act("link", of=of, order=story.order(value), undo=undo, agent="anna")
            case "release", _, drop:
                story.act("release", of=of, drop=drop, agent="anna", jobs=[story.job(7, "relay")])
            case "asked", _, kind, value:
                decided = story.decision(
                    of, kind=kind, links=[story.link(value)], clocks=[story.clock()], alias="buyer@m"
                )
                stands.setdefault(of, decided)
            case "again", _, kind, tags, values, live:
                links = [story.link(value, confidence="likely", via=of if live else None) for value in values]
                bounced = ["buyer@m"] if kind == "not_delivered" else None
                stands[of] = story.decision(
                    of, kind=kind, tags=tags, links=links, clocks=[story.clock()] if live else (), bounced=bounced,
                    direction="outbound" if kind == "own_answer_copy" else "", people=tags, instead_of=stands.get(of, 1),
                )  # fmt: skip
            case "told", _, kind, value:
                direction = "outbound" if kind == "own_answer_copy" else ""
                bounced = ["m0@market.example", "buyer@m"] if kind == "not_delivered" else None
                decided = story.decision(
                    of, kind=kind, links=[story.link(value)], direction=direction, bounced=bounced
                )
                stands.setdefault(of, decided)
            case "mark", _, value, undo:
                about = {"of": of} if value is None else {"order": story.order(value)}
                story.act("mark", **about, clock="reply", undo=undo, agent="anna")
            case "dossier", value, state, hold:
                story.act("dossier", order=story.order(value), state=state, hold=hold, reason="said")
            case "queue", _, do, number:
                story.act(
                    "queue", of=of, number=number, do=do, agent="anna", jobs=[story.job(1999, "report")]
                )
            case "note", _:
                story.act("note", of=of, text="she called", agent="anna")
            case _, type_:
                story.add(type_, {"why": "power"})
    return story


@pytest.fixture
def second(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'second.db'}")
    yield store
    store.close()


@settings(
    max_examples=60,
    deadline=timedelta(seconds=20),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(_STEP, max_size=30), cuts=st.lists(st.integers(1, 7), min_size=1, max_size=8))
def test_a_rebuild_brings_the_same_state_back(store, second, new_story, steps, cuts):
    story = told(new_story(), steps)
    store.clear()
    second.clear()
    story.fold(store)
    # The other store, always SQLite, takes the same entries in batches, and each batch once more.
    start = 0
    for cut in (cuts * 30)[: len(story.pairs)]:
        for _ in range(2):
            with second.write() as tx:
                fold.apply_all(tx, story.pairs[start : start + cut])
        start += cut
    folded = story.dump(store)
    assert story.dump(second) == folded
    assert len(folded["events"]) == len(story.pairs)
    store.clear()
    story.fold(store)
    assert story.dump(store) == folded
