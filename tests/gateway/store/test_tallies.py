"""Messages counted in the database, held against counting them one by one."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.figures.period import month_named
from gateway.store import due, tallies
from gateway.store.owed import open_counts, owed


@pytest.mark.parametrize(
    ("month", "zone"),
    [
        ("2026-11", "UTC"),
        ("2026-10", "Europe/Paris"),  # a day of 25 hours
        ("2026-03", "Europe/Paris"),  # one of 23
        ("2026-04", "Australia/Lord_Howe"),  # one of 24 and a half
        ("2026-02", "Asia/Kathmandu"),
        ("2011-12", "Pacific/Apia"),  # which had no 30th
        ("1993-08", "Pacific/Kwajalein"),  # no 21st
    ],
)
def test_every_message_is_counted_on_its_day_in_the_zone(store, story, month, zone):
    period, rng = month_named(month, ZoneInfo(zone)), random.Random(month)
    hours = int((period.until - period.since) / timedelta(minutes=30))
    expected = Counter()
    for half in range(-4, hours + 4):
        at = (
            period.since + half * timedelta(minutes=30) + timedelta(microseconds=rng.randrange(1_800_000_000))
        )
        type_ = rng.choice(["mail.in", "mail.in", "mail.out", "mail.held", "mail.refused"])
        story.mail(type_, occurred_at=at)
        if period.since <= at < period.until:
            expected[period.day_of(at), type_ != "mail.in"] += 1
    story.fold(store)
    with store.read() as conn:
        counted = [one for run in period.runs for one in tallies.counted_on(conn, *run)]
    found = Counter()
    for one in counted:
        found[one.day, one.direction == "outbound"] += one.count
    assert found == expected
    assert sum(one.count for one in counted if one.is_sent) < sum(
        n for (_, ours), n in expected.items() if ours
    )


def test_what_is_owed_is_what_all_clocks_tell(store, story):
    rng = random.Random(7)
    orders = [story.link(f"302-{number:07}-1234567") for number in range(4)]
    for turn in range(60):
        seq = story.mail()
        names = rng.sample(["reply", "claim_answer", "return"], rng.randrange(3))
        story.decision(
            seq,
            links=rng.sample(orders, rng.randrange(3)),
            clocks=[story.clock(name, rng.choice([6, 24, 48])) for name in names],
            kind=rng.choice(["buyer_message", "claim_opened"]),
        )
        if turn % 3 == 0:  # a link that is undone, and one that a person makes
            order = {key: rng.choice(orders)["order"][key] for key in ("marketplace", "value")}
            story.act("link", of=seq, order=order, undo=bool(turn % 2), agent="anna")
    story.fold(store)
    now = datetime(2026, 11, 27, tzinfo=UTC)
    with store.read() as conn:
        every, waits = due.oldest_waits(due.running(conn)), owed(conn)
        counts = open_counts(conn, now, {"claim_opened"})
        shown = due.clocks_on(conn, [one.message for one in waits])
    assert [(one.message, one.name, one.due_at) for one in waits] == [
        (one.message, one.name, one.due_at) for one in every
    ]
    assert [shown[one.message, one.name] for one in waits] == every
    assert counts == (
        sum(one.name == "reply" for one in every),
        sum(one.kind == "claim_opened" for one in every),
        sum(one.due_at < now for one in every),
    )
